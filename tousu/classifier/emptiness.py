"""Texts in which nothing is said: greetings, thanks, tests, 见附件. No label of theirs goes without a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST = 30  # characters; whoever writes more says something, or is asked by a person anyway
# What can stand in a text without telling any matter. A text made of nothing else is empty.
PHRASES = (
    "测试", "试一下", "试试", "一下", "见图片", "见照片", "见图", "如图", "见附件", "详见", "具体见", "看图", "请看", "图片",
    "照片", "附件", "视频", "同上", "如上", "如题", "补充", "材料", "咨询", "询问", "请问", "想问", "问下", "谢谢", "感谢",
    "多谢", "辛苦", "麻烦", "你们", "您们", "大家", "你好", "您好", "领导", "同志", "老师", "工作人员", "客服", "市民",
    "群众", "来电", "来信", "热线", "反映", "反应", "问题", "情况", "事情", "一件事", "一个", "有个", "这个", "那个", "投诉",
    "举报", "诉求", "建议", "我要", "我想", "我的", "我们", "他们", "希望", "请求", "要求", "恳请", "请", "有关部门",
    "相关部门", "有关", "相关", "部门", "单位", "政府", "尽快", "及时", "立即", "处理", "解决", "核实", "调查", "回复", "答复",
    "回电", "联系", "跟进", "帮忙", "帮助", "帮我", "帮帮", "为什么", "怎么", "什么", "时候", "不回复", "没有", "无", "已",
    "已经", "了", "的", "吗", "呢", "吧", "啊", "嗯", "哦", "我", "你", "您", "好", "是", "在", "不", "给", "再", "说", "打错",
    "点错", "误拨", "误操作", "撤诉", "撤销", "撤回", "取消", "催办", "催", "工单", "单号", "电话", "号码", "收到", "知道",
    "满意", "早上", "上午", "下午", "晚上", "关于", "此事", "该事", "其",
)  # fmt: skip
EMPTY = re.compile(f"(?:{'|'.join(sorted(PHRASES, key=len, reverse=True))}|[^\\u3400-\\u9fff])*")


def nothing_said(texts: Sequence[str], places: Iterable[int]) -> list[int]:
    """Return those of the places at which there is a text in which nothing is said."""
    return [place for place in places if len(texts[place]) <= LONGEST and EMPTY.fullmatch(texts[place])]
