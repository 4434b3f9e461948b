from django.urls import path

from tamna.claims.studio import views

urlpatterns = [
    path("new", views.write, name="rule-write"),
    path("check", views.check, name="rule-check"),
    path("examples", views.examples, name="rule-examples"),
    path("changes", views.changes, name="rule-changes"),
    path("export", views.export, name="rules-export"),
    path("import", views.take_file, name="rules-import"),
    path("trials", views.try_out, name="rule-try"),
    path("trials/<uuid:public_id>", views.trial, name="rule-trial"),
    path("trials/<uuid:public_id>/stop", views.stop, name="rule-trial-stop"),
    path("switches/<uuid:public_id>/approve", views.approve, name="rule-approve"),
    path("switches/<uuid:public_id>/refuse", views.refuse, name="rule-refuse"),
    path("switches/<uuid:public_id>/withdraw", views.withdraw, name="rule-withdraw"),
    path("<str:rule_id>", views.rule, name="rule"),
    path("<str:rule_id>/ask", views.ask, name="rule-ask"),
    path("<str:rule_id>/file", views.file_of_one, name="rule-file"),
]
