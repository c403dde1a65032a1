"""What is shipped: wheels, images, and the matrix of all of them."""
