"""What a ledger's columns are called: which one tells what, found by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tousu.errors import ColumnMissing
from tousu.files.columns import plain_name
from tousu.ledger.respondents import RESPONDENT_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Field(NamedTuple):
    """Something a ledger may tell of each case.

    Attributes:
        title: What people call it, in Chinese.
        names: Usual names of its column, the surest first.
        like: A pattern of the whole plain name, for the others; empty for none.
    """

    title: str
    names: tuple[str, ...]
    like: str = ""


_DAY = "(?:时间|日期|日|时刻)"
_WHOM = "(?:姓名|名称|人员|名字)?"

# Days first: what else may look like one is judged behind them.
DAYS: dict[str, Field] = {
    "received": Field(
        "登记时间",
        ("收到时间", "收到日期", "登记时间", "登记日期", "接收时间", "接收日期", "收件时间", "收件日期", "来件时间", "投诉时间",
         "投诉日期", "举报时间", "举报日期", "来电时间", "诉求时间", "反映时间", "信访时间", "创建时间", "提交时间", "工单时间", "留言时间",
         "received", "received_at", "date received", "registered_at", "created_at"),
        f"(?:投诉|举报|工单|来件|案件|诉求|线索|系统)*(?:登记|收到|接收|收件|签收|来件|录入)(?:投诉|举报|工单|材料|线索|之)?{_DAY}",
    ),
    "accepted": Field(
        "受理时间",
        ("受理时间", "受理日期", "决定受理时间", "受理决定时间", "accepted", "accepted_at"),
        f"(?:投诉|决定|予以|登记)*受理(?:决定|告知|审批)?{_DAY}",
    ),
    "refused": Field(
        "不予受理时间", ("不予受理时间", "不予受理日期", "不受理时间", "refused_at"), f"(?:决定)?不(?:予)?受理(?:决定|告知)?{_DAY}"
    ),
    "filed": Field(
        "立案时间",
        ("立案时间", "立案日期", "决定立案时间", "立案决定时间", "filed", "filed_at"),
        f"(?:举报|决定|予以|案件|审批|批准)*立案(?:决定|审批|批准|告知)?{_DAY}",
    ),
    "not_filed": Field(
        "不予立案时间", ("不予立案时间", "不予立案日期", "不立案时间"), f"(?:决定)?不(?:予)?立案(?:决定|审批|告知)?{_DAY}"
    ),
    "ended": Field(
        "终止时间",
        ("终止时间", "终止日期", "终止调解时间", "终止调解日期", "调解终止时间", "调解终止日期", "调解结束时间", "ended", "ended_at"),
        f"(?:决定)?(?:终止|调解终止|终止调解|调解结束|结束调解)(?:决定)?{_DAY}",
    ),
    "closed": Field(
        "办结时间",
        ("办结时间", "办结日期", "结案时间", "结案日期", "办理完成时间", "完成时间", "处理完成时间", "实际办结时间", "closed", "closed_at"),
        f"(?:工单|案件|实际|处理|办理|系统|核查)*(?:办结|结案|办理完成|处理完成|完结|归档|办理完毕|核查完成)(?:实际)?{_DAY}",
    ),
    "told": Field(
        "告知时间",
        ("告知时间", "告知日期", "答复时间", "答复日期", "反馈时间", "回复时间", "told_at", "answered_at"),
        f"(?:结果|办理结果|处理结果|终止)?(?:告知|答复|反馈|回复)(?:投诉人|举报人|双方|当事人)?{_DAY}",
    ),
    "pause_from": Field(
        "停表开始",
        ("送检时间", "送检日期", "检测开始时间", "检测开始", "鉴定开始时间", "停表开始", "中止时间", "中止日期"),
        f"(?:送检|送鉴|停表|中止|(?:检测|检验|检疫|鉴定|辨认|停表|中止)(?:委托|开始|起始))(?:{_DAY})?",
    ),
    "pause_until": Field(
        "停表结束",
        ("检测结束时间", "检测结束", "检测报告时间", "检验报告日期", "鉴定结束时间", "停表结束", "恢复时间", "恢复日期"),
        f"(?:(?:检测|检验|检疫|鉴定|辨认|停表|中止)(?:结束|完成|报告|终止|截止|恢复|意见)|恢复(?:计时|调解)?)(?:{_DAY})?",
    ),
}  # fmt: skip
OTHERS: dict[str, Field] = {
    "case": Field(
        "编号",
        ("工单编号", "投诉编号", "案件编号", "登记编号", "受理编号", "举报编号", "工单号", "单号", "投诉单号", "编号", "case", "case_id",
         "case_number", "number", "ticket", "id", "序号"),
        "(?:工单|投诉|举报|投诉举报|登记|受理|案件|事项|业务|信件|来件|诉求|办件|单据|记录|线索|系统|平台|信访)*(?:编号|单号|编码|流水号|件号|案号|号码|号)",
    ),
    "state": Field(
        "办理状态",
        ("办理状态", "处理状态", "工单状态", "案件状态", "当前状态", "状态", "流程状态", "办件状态", "当前环节", "办理进度",
         "state", "status"),
        "(?:投诉|举报|投诉举报|办理|处理|工单|案件|当前|流程|办件|事项|诉求)*(?:状态|环节|进度|进展)",
    ),
    "kind": Field(
        "类型",
        ("诉求类型", "业务类型", "信息类型", "登记类型", "来件类型", "工单类型", "信件类型", "事项类型", "投诉举报类型", "件类",
         "类型", "件别", "kind"),
        "(?:诉求|业务|信息|登记|来件|工单|信件|事项|投诉举报|案件|办件)(?:类型|类别|性质|种类)|投诉/举报",
    ),
    "complainant": Field(
        "投诉人",
        ("投诉人", "投诉人姓名", "举报人", "举报人姓名", "投诉举报人", "诉求人", "诉求人姓名", "来电人", "来电人姓名", "消费者姓名",
         "投诉方", "提供方", "反映人", "信访人", "申诉人", "姓名", "联系人", "消费者", "complainant", "caller"),
        f"(?:投诉|举报|投诉举报|诉求|来电|来访|来信|反映|信访|申诉|求助)(?:人|者|方){_WHOM}",
    ),
    "telephone": Field(
        "联系电话",
        ("投诉人电话", "投诉人联系电话", "投诉人手机", "来电号码", "联系电话", "手机号码", "手机号", "联系方式", "电话", "电话号码", "手机",
         "主叫号码", "telephone", "phone", "mobile"),
        "(?:投诉|举报|投诉举报|诉求|来电|反映|信访|消费)(?:人|者|方)?(?:的)?(?:联系)?(?:电话|手机|方式|号码)(?:号码?|号)?",
    ),
    "respondent": Field(
        "被投诉人",
        ("被投诉企业", "被投诉单位", "被投诉企业名称", "被投诉单位名称", "被举报企业", "被举报单位", *RESPONDENT_NAMES),
        f"被(?:投诉|举报|投诉举报|反映|申诉|诉)(?:人|方|者|对象|主体|企业|单位|商家|经营者|公司){_WHOM}",
    ),
    "officer": Field(
        "承办人",
        ("承办人", "承办人员", "办理人", "办理人员", "经办人", "处理人", "处理人员", "主办人", "主办人员", "责任人", "办案人员", "调解人",
         "调解员", "调解人员", "负责人", "officer", "handler", "assignee"),
        f"(?:案件|当前|具体|主要)?(?:承办|办理|经办|处理|主办|责任|办案|调解|核查|执法){_WHOM}(?:人|员|人员){_WHOM}",
    ),
    "satisfaction": Field(
        "满意度",
        ("满意度", "满意情况", "是否满意", "回访满意度", "群众评价", "满意度评价", "评价结果", "回访结果", "回访情况",
         "评价", "satisfaction"),
        ".*满意.*|.*回访(?:结果|情况|意见|评价)|.*评价(?:结果|情况|等级)?",
    ),
    "source": Field(
        "登记渠道",
        ("登记渠道", "来源渠道", "投诉渠道", "诉求渠道", "受理渠道", "接收渠道", "渠道", "信息来源", "工单来源", "案件来源", "投诉来源",
         "来件来源", "来源", "登记方式", "受理方式", "source", "channel"),
        "(?:投诉|举报|投诉举报|登记|诉求|受理|接收|工单|来件|线索|案件|信息|数据)*(?:渠道|来源|来源渠道)(?:名称)?",
    ),
    "amount": Field(
        "金额",
        ("涉案金额", "争议金额", "投诉金额", "涉诉金额", "消费金额", "诉求金额", "涉及金额", "金额", "amount"),
        "(?:涉案|争议|投诉|涉诉|消费|诉求|涉及|购买)(?:总)?金额",
    ),
    "extended": Field(
        "延期",
        ("是否延期", "延期审批", "延长期限", "是否延长", "延期情况", "延期", "extended"),
        "(?:是否|申请|批准)?(?:延期|延长)(?:审批|批准|核查|期限|办理|调解|情况|标志)*",
    ),
}  # fmt: skip
FIELDS = {**DAYS, **OTHERS}
TITLES = {name: field.title for name, field in FIELDS.items()} | {"text": "投诉内容"}
_LIKE = {name: re.compile(field.like) for name, field in FIELDS.items() if field.like}
_NAMES = {name: [plain_name(known) for known in field.names] for name, field in FIELDS.items()}


def find_fields(
    names: Sequence[str], *, taken: Iterable[str] = (), wanted: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return which column tells what: names of columns by the names of ``FIELDS``, only those that are there.

    A column tells one thing. What is usually called so goes before what only reads like it; of two columns of one rank
    the first is taken.

    Args:
        names: Names of the columns; of keys within keys the last one tells.
        taken: Columns that tell something else, such as the text.
        wanted: Columns the user named, by field.

    Raises:
        ColumnMissing: A wanted column is not there, or there is no such field.
    """
    found = _checked(names, wanted or {})
    free = [name for name in names if name not in {*taken, *found.values()}]
    plain: dict[str, str] = {}
    for name in free:
        plain.setdefault(plain_name(name).rpartition(".")[2], name)
    for field, known in _NAMES.items():
        if field not in found:
            known_one = next((one for one in known if one in plain), None)
            if known_one is not None:
                found[field] = plain.pop(known_one)
    for field, like in _LIKE.items():
        if field not in found:
            alike = next((one for one in plain if like.fullmatch(one)), None)
            if alike is not None:
                found[field] = plain.pop(alike)
    return {field: found[field] for field in ("text", *FIELDS) if field in found}


def _checked(names: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the columns the user named, by field; a field may be called by its Chinese title.

    Raises:
        ColumnMissing: One of them is not there.
    """
    fields = {title: field for field, title in TITLES.items()} | {field: field for field in TITLES}
    found = {}
    for field, name in wanted.items():
        if field not in fields:
            raise ColumnMissing(f"不认识的栏目：{field}", expected="、".join(TITLES.values()), fix="改正 --column")
        if name not in names:
            raise ColumnMissing(f"没有名为 {name} 的列", expected="、".join(map(str, names)), fix="改正 --column")
        found[fields[field]] = name
    return found


def columns_said(columns: Mapping[str, str]) -> str:
    """Return in Chinese which columns were found, and which of the usual ones were not."""
    said = "；".join(f"{TITLES[field]}：{name}" for field, name in columns.items())
    missing = [TITLES[field] for field in ("case", "received", "accepted", "closed", "state") if field not in columns]
    return f"认出的列　{said or '无'}" + (f"；未找到：{'、'.join(missing)}" if missing else "")
