from django.urls import path

from tamna.patients import consent_views, views

app_name = "patients"
urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:public_id>", views.detail, name="detail"),
    path("<uuid:public_id>/elsewhere", views.elsewhere, name="elsewhere"),
    path("<uuid:public_id>/open", views.open_restricted, name="open"),
    path("<uuid:public_id>/consents", consent_views.consents_of, name="consents"),
    path("<uuid:public_id>/consents/<str:purpose>", consent_views.ask, name="consent"),
    path("<uuid:public_id>/consents/<str:purpose>/withdraw", consent_views.withdraw, name="withdraw"),
    path("consents/<uuid:public_id>", consent_views.answered, name="consent-answered"),
    path("identities/<int:identity_id>/reveal", views.reveal, name="reveal"),
    path("visits/<uuid:public_id>", views.visit, name="visit"),
    path("visits/<uuid:public_id>/why/<str:key>", views.why, name="why"),
]
