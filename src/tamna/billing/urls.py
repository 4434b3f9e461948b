from django.urls import path

from tamna.billing import charge_views, fee_views, views

app_name = "billing"
urlpatterns = [
    path("", views.cashier, name="cashier"),
    path("fees", fee_views.fees, name="fees"),
    path("fees/example", fee_views.example, name="fees-example"),
    path("fees/<int:import_id>", fee_views.fee_import, name="fee-import"),
    path("payments", views.payments, name="payments"),
    path("closing", views.closing, name="closing"),
    path("payments/<int:payment_id>/refund", views.refund, name="refund"),
    path("visits/<uuid:public_id>", charge_views.charges, name="charges"),
    path("visits/<uuid:public_id>/enter", charge_views.enter, name="enter-charge"),
    path("visits/<uuid:public_id>/payer", charge_views.payer, name="payer"),
    path("visits/<uuid:public_id>/charges/<int:charge_id>/cancel", charge_views.cancel, name="cancel-charge"),
    path("<uuid:public_id>/give-back", charge_views.give_back, name="give-back"),
    path("<uuid:public_id>", views.invoice, name="invoice"),
    path("<uuid:public_id>/why", views.why, name="why"),
    path("<uuid:public_id>/charges/<int:charge_id>/why", views.why_charge, name="why-charge"),
    path("<uuid:public_id>/pay", views.pay, name="pay"),
    path("<uuid:public_id>/receipt", views.receipt, name="receipt"),
]
