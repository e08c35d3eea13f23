"""What benchmarks work out, held to what is known without them."""
