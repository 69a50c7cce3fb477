"""A station's month: the cases its chief looks after (督查): repeated, difficult, dissatisfied, overdue."""
