"""What goes over the wire: the requests and replies of classify, model and health. Others stand with their routes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tousu_service.validation import NOT_BLANK

EXAMPLE_TEXT = "我在网上买的面包，页面写着无糖，收到一看配料表第二位就是白砂糖，商家不退款。"
MOST_ITEMS = 1000
TextId = Annotated[str, Field(max_length=200, description="来文的编号，原样带回")]
Text = Annotated[
    str,
    Field(
        min_length=1, pattern=NOT_BLANK,
        description="投诉原文；最长 20000 字（设置项 max_text_chars），超过的、全是空白的报错",
    ),
]  # fmt: skip
Kind = Literal["complaint", "report", "both", "consult", "other"]
Signal = Literal["repeat", "group", "injury", "vulnerable", "escalation", "crime", "claimant"]
_TAGGING = {
    "primary": "nutrition_claim",
    "codes": ["nutrition_claim", "food_label"],
    "probabilities": {
        "nutrition_claim": 0.9312, "food_label": 0.0421, "advertising": 0.0103, "food_safety": 0.0066,
        "service_contract": 0.0031,
    },
    "decision": "auto",
    "online": True,
    "kind": "complaint",
    "route": None,
    "signals": [],
    "amount": None,
    "attention": "normal",
    "model": "2026.11-5c1e7a90",
}  # fmt: skip


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [fields]})


class Problem(BaseModel):
    """拒绝的原因。"""

    model_config = _example(
        error="validation_failed", message="text：缺少这一项", field="text", request_id="9f0c2d7be41a5563aa10e2f4"
    )

    error: str = Field(description="固定的英文代码，供程序判断")
    message: str = Field(description="中文说明：哪里不对、应当怎样")
    field: str | None = Field(None, description="出错的字段；与字段无关时没有这一项")
    request_id: str = Field(description="请求编号，日志里同一个")


class ClassifyRequest(BaseModel):
    """一段投诉。"""

    model_config = _example(text=EXAMPLE_TEXT, id="GD20260415001", evidence=False)

    text: Text
    id: TextId | None = Field(None, description="来文的编号，原样带回")
    evidence: bool = Field(False, description="是否同时给出依据：原文中哪些字句支持主领域")


class EvidenceOut(BaseModel):
    """原文中的一段，和它的分量。"""

    start: int = Field(description="起始位置（第几个字，从 0 数起）")
    end: int = Field(description="结束位置（不含）")
    text: str = Field(description="这一段原文")
    weight: float = Field(description="分量；正数支持主领域，负数反对")


class SpanOut(BaseModel):
    """原文中的一段。"""

    start: int = Field(description="起始位置（第几个字，从 0 数起）")
    end: int = Field(description="结束位置（不含）")
    text: str = Field(description="这一段原文")


class AcceptanceOut(BaseModel):
    """一条受理提示：不利于受理的，或者缺的；由人决定。"""

    code: str = Field(description="代码，见 data/acceptance.toml")
    article: str = Field(description="依据的条款")
    words: str = Field(description="给人看的话")


class TaggingOut(BaseModel):
    """打标签的结果。"""

    primary: str = Field(description="主领域代码")
    codes: list[str] = Field(description="达到阈值的领域代码，主领域在前")
    probabilities: dict[str, float] = Field(description="校准过的概率，最高的五个，由高到低")
    decision: Literal["auto", "review"] = Field(description="auto 可直接分派；review 请人看一眼")
    online: bool = Field(description="是否线上交易")
    kind: Kind | None = Field(description="来件人要什么；模型不判断时为 null")
    route: str | None = Field(description="主领域不属市场监管时该归哪个部门，代码见 /v1/authorities；属于的为 null")
    signals: list[Signal] = Field(description="风险提示，代码见 /v1/signals；只是提示，由人判断，不影响 decision")
    amount: float | None = Field(description="文中最大的一笔钱，元；没有则为 null")
    attention: Literal["normal", "watch", "urgent"] = Field(description="一般、关注、紧急，按本站规则；不影响 decision")
    model: str = Field(description="模型版本")


class ClassifyReply(TaggingOut):
    """打标签的结果，带来文编号与请求编号。"""

    model_config = _example(**_TAGGING, id="GD20260415001", request_id="9f0c2d7be41a5563aa10e2f4")

    id: str | None = Field(description="来文的编号；没有给则为 null")
    request_id: str = Field(description="请求编号")
    evidence: list[EvidenceOut] | None = Field(None, description="依据，分量大的在前；没有要求则没有这一项")
    signal_evidence: dict[str, list[SpanOut]] | None = Field(
        None, description="每项风险提示的依据；没有要求则没有这一项"
    )
    probabilities_kind: dict[str, float] | None = Field(None, description="各诉求类型的概率；没有要求则没有这一项")
    probabilities_route: dict[str, float] | None = Field(
        None, description="各部门的概率，主领域属市场监管时为空；没有要求则没有这一项"
    )
    attention_reasons: list[str] | None = Field(None, description="关注程度的理由；没有要求则没有这一项")
    statutes: list[SpanOut] | None = Field(None, description="引用的法条与标准；没有要求则没有这一项")
    order_numbers: list[SpanOut] | None = Field(None, description="写出的订单号、单号；没有要求则没有这一项")
    acceptance: list[AcceptanceOut] | None = Field(
        None, description="受理提示，来文自述的时间以今天为准；没有要求则没有这一项"
    )


class BatchItem(BaseModel):
    """批量中的一段投诉。"""

    model_config = _example(id="1", text="小区电梯困人两次，物业说没钱修")

    id: TextId
    text: Text


class BatchRequest(BaseModel):
    """一批投诉。"""

    model_config = _example(items=[{"id": "1", "text": "小区电梯困人两次，物业说没钱修"}, {"id": "2", "text": ""}])

    # Anything is let in here, so that one bad item does not cost the others their taggings.
    items: list[BatchItem | Any] = Field(
        min_length=1, max_length=MOST_ITEMS, description="1 到 1000 段；每段写法见 BatchItem，不合要求的那段单独报错"
    )


class ItemError(BaseModel):
    """批量中一段没有结果的原因。"""

    code: str = Field(description="固定的英文代码")
    message: str = Field(description="中文说明")
    field: str = Field("", description="出错的字段；这一段整个读不懂时为空")


class BatchTagging(TaggingOut):
    """一段的结果。"""

    id: str | None = Field(description="这一段的编号")


class BatchFailure(BaseModel):
    """一段没有结果。"""

    id: str | None = Field(description="这一段的编号；读不出时为 null")
    error: ItemError


class BatchReply(BaseModel):
    """各段的结果，与来文同样的次序。"""

    model_config = _example(
        items=[
            {"id": "1", **_TAGGING, "primary": "elevator", "codes": ["elevator"]},
            {"id": "2", "error": {"code": "validation_failed", "message": "text：不能为空", "field": "text"}},
        ],
        model=_TAGGING["model"],
        request_id="9f0c2d7be41a5563aa10e2f4",
    )

    items: list[BatchTagging | BatchFailure]
    model: str = Field(description="这一批都用这个模型版本")
    request_id: str = Field(description="请求编号")
