"""Reminders: who is told of which clocks, by mail or a group's robot, and what went out."""
