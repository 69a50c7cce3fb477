"""What every request passes: middleware, bodies, errors."""
