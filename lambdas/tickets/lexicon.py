"""Terms of the domain in English, Spanish and French, as `features.words_of` spells words."""

from __future__ import annotations

from typing import Final


def _terms(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


TERMS: Final[dict[str, frozenset[str]]] = {
    "error": _terms(
        "error errors crash crashes crashed crashing bug broken fails failed failing failure freezes frozen stuck timeout",
        "fallo fallos falla fallan bloquea bloqueada congela roto rota cuelga colgado caído caída",
        "erreur erreurs plante plantage panne bogue bloqué bloquée figé échoue échec cassé",
    ),
    "billing": _terms(
        "invoice invoices bill billed billing charge charged charges payment payments refund refunded card vat price pricing subscription",
        "factura facturas cobro cobros cobrado cobraron pago pagos reembolso tarjeta iva precio suscripción cargo",
        "facture factures facturé facturation prélèvement prélevé paiement paiements remboursement carte tva prix abonnement",
    ),
    "complaint": _terms(
        "complaint unacceptable disappointed terrible awful worst rude angry frustrated ridiculous ignored",
        "queja reclamación inaceptable decepcionado decepcionada pésimo horrible peor grosero vergüenza indignado",
        "plainte réclamation inacceptable déçu déçue honteux honte pire scandaleux impoli furieux",
    ),
    "wish": _terms(
        "feature suggestion suggest wish request add option support could would integrate integration roadmap idea",
        "función sugerencia sugiero añadir agregar opción podrían gustaría integración mejora propuesta idea",
        "fonctionnalité suggestion suggère ajouter option pourriez aimerais souhaite intégration amélioration idée",
    ),
    "question": _terms(
        "how where when what which who information hours question wondering explain",
        "cómo dónde cuándo qué cuál quién información horario pregunta duda explicar",
        "comment où quand quel quelle qui information informations horaires question savoir expliquer",
    ),
    "urgent": _terms(
        "urgent urgently asap immediately critical emergency outage down production deadline blocked now today",
        "urgente urgentemente inmediatamente crítico emergencia caído producción plazo bloqueado ya hoy",
        "urgent urgence immédiatement critique panne production délai bloqué bloquée aujourd maintenant",
    ),
    "calm": _terms(
        "whenever sometime eventually minor curious thanks cheers rush",
        "cuando prisa menor curiosidad gracias saludos",
        "quand presse mineur curiosité merci cordialement",
    ),
}
