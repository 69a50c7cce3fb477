"""What the desk keeps: users, uploads, cases, answers.

Functions take the caller's connection, so that what belongs together is one transaction; ``Store.writing()`` gives one.
"""
