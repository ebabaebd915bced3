"""The host side of the serial link: frames, ordered delivery, and the client that speaks to a bench."""
