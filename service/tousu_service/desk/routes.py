"""The desk's pages, for the application."""

from tousu_service.desk.pages import (
    case,
    clocks,
    consultations,
    example,
    files,
    inbox,
    ledger,
    login,
    mine,
    model,
    month,
    people,
    review,
    week,
)

routers = (
    login.router,
    files.router,
    inbox.router,
    ledger.router,
    review.router,
    case.router,
    example.router,
    consultations.router,
    mine.router,
    week.router,
    month.router,
    clocks.router,
    model.router,
    people.router,
)
