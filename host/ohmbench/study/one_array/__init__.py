"""A convolutional network for MNIST in one load of one array, trained for the errors of its cells; needs torch."""
