"""A package, so that its browser and its server end with its last test and not with the whole run."""
