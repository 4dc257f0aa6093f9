"""The command line, a module per subcommand: each has `add(subparsers)` and nothing imports them but `__main__`."""
