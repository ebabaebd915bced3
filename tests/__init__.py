"""A package, so that a `tests` which some library has installed (badcrossbar does) does not go before it."""
