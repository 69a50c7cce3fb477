"""What tests of running programs share: a real server, a real PostgreSQL, a real browser."""
