from django.urls import path

from tamna.insight import views
from tamna.insight.claims import views as claims
from tamna.insight.repricing import views as repricing

app_name = "insight"
urlpatterns = [
    path("", views.director, name="director"),
    path("figures/<str:key>", views.figure, name="figure"),
    path("claims", claims.figures, name="claims"),
    path("claims/reasons", claims.reasons, name="claim-reasons"),
    path("claims/records", claims.records, name="claim-records"),
    path("claims/profit", claims.profit, name="claim-profit"),
    path("repricing", repricing.runs, name="repricings"),
    path("repricing/start", repricing.start, name="repricing-start"),
    path("repricing/<uuid:public_id>", repricing.run, name="repricing"),
    path("repricing/<uuid:public_id>/stop", repricing.stop, name="repricing-stop"),
]
