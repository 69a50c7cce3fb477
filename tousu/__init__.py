"""What an integrating program imports: the typed client of the service.

>>> from tousu import Client
>>> with Client("http://127.0.0.1:8000") as client:
...     client.classify("小区电梯困人，物业一直不修").primary
'elevator'
"""

from tousu.client import Client, ServiceError, Tagging

__all__ = ["Client", "ServiceError", "Tagging"]
