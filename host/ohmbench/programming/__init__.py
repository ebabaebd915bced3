"""From a weight image to a programmed array: recipes, passes, forming."""
