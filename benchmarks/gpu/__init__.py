"""What is to be measured on a data-centre GPU; written to be run there, and not run yet."""
