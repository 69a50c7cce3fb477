"""A client of the service, for programs: typed replies, retries, idempotent corrections; blocking or asynchronous."""

from tousu.client.asynchronous import AsyncClient
from tousu.client.blocking import Client
from tousu.client.replies import Correction, Evidence, ItemError, Job, Reply, ServiceError, Tagging

__all__ = ["AsyncClient", "Client", "Correction", "Evidence", "ItemError", "Job", "Reply", "ServiceError", "Tagging"]
