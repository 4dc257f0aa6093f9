// Where the crosshair is. Voxel and millimetres say the same place; whichever is moved takes the
// other along, and millimetres that already lie in the voxel are left alone, so that linked
// viewers do not push each other.
import { apply, clamp, inside, nearestVoxel, roundHalfUp } from "./geometry.js";

export const VOXEL = ["i", "j", "k"];

export class Place {
  // set: ({name: value}) -> nothing, which changes the model at once and tells Python
  constructor(model, geometry, set) {
    this.model = model;
    this.geometry = geometry;
    this.set = set;
  }

  get voxel() {
    return VOXEL.map((name) => this.model.get(name));
  }

  // Any (fractional, outside) voxel becomes a whole one inside.
  set voxel(ijk) {
    const whole = ijk.map((n, a) => clamp(roundHalfUp(n), 0, this.geometry.shape[a] - 1));
    this.set(Object.fromEntries(VOXEL.map((name, a) => [name, whole[a]])));
  }

  nearest() {
    return nearestVoxel(this.geometry.inverse, this.model.get("crosshair"), this.geometry.shape);
  }

  agrees() {
    const near = this.nearest();
    return this.voxel.every((n, a) => n === near[a]);
  }

  voxelMoved() {
    if (!this.agrees()) this.set({ crosshair: this.world(this.voxel) });
  }

  // A linked viewer may be at a place that this volume does not reach: the nearest voxel is shown, and said.
  crosshairMoved() {
    if (!this.agrees()) this.voxel = this.nearest();
    this.clamped = !inside(apply(this.geometry.inverse, this.model.get("crosshair")), this.geometry.shape);
  }

  world(ijk) {
    return apply(this.geometry.affine, ijk);
  }
}
