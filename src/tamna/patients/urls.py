from django.urls import path

from tamna.patients import views

app_name = "patients"
urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:public_id>", views.detail, name="detail"),
    path("<uuid:public_id>/elsewhere", views.elsewhere, name="elsewhere"),
    path("<uuid:public_id>/open", views.open_restricted, name="open"),
    path("identities/<int:identity_id>/reveal", views.reveal, name="reveal"),
    path("visits/<uuid:public_id>", views.visit, name="visit"),
    path("visits/<uuid:public_id>/why/<str:key>", views.why, name="why"),
]
