// What stands before the joined modules of the viewer (handson/viewer/canvas.py).
declare const LANGUAGES: Record<string, any>;
