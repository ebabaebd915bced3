"""Bad cells: found by characterisation, kept in a map, avoided by the mapping."""
