"""The desk's pages, for the application."""

from tousu_service.desk.pages import case, files, inbox, ledger, login, mine, model, people, review

routers = (
    login.router,
    files.router,
    inbox.router,
    ledger.router,
    review.router,
    case.router,
    mine.router,
    model.router,
    people.router,
)
