from django.urls import path

from tamna.ledger import views

app_name = "ledger"
urlpatterns = [
    path("", views.journal, name="journal"),
    path("entries/<uuid:public_id>", views.entry, name="entry"),
    path("receivables", views.receivables, name="receivables"),
    path("trial-balance", views.trial_balance, name="trial-balance"),
]
