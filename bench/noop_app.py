"""The least a FastAPI service can do: our request and reply models, and nothing behind them."""

from __future__ import annotations

from fastapi import FastAPI

from tousu_service.schemas import ClassifyReply, ClassifyRequest

app = FastAPI()
REPLY = {
    "primary": "elevator", "codes": ["elevator"], "decision": "auto", "online": False, "kind": "complaint", "route": None,
    "signals": [], "amount": None, "attention": "normal", "model": "2026.11-00000000",
    "probabilities": {"elevator": 0.9312, "product_quality": 0.0421, "pricing": 0.0103, "metrology": 0.0066, "prepaid": 0.0031},
    "request_id": "9f0c2d7be41a5563aa10e2f4",
}  # fmt: skip


@app.post("/v1/classify", response_model_exclude_unset=True)
async def classify(body: ClassifyRequest) -> ClassifyReply:
    """Answer always the same, the id given back."""
    return ClassifyReply(**REPLY, id=body.id)
