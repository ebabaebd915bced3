"""What every layer uses and no layer is about: files, archives, resources, provenance."""
