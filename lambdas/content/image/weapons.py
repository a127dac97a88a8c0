"""Which of ImageNet's 1,000 classes count as a weapon, and why the others that come near do not.

There is no packaged model of violence or gore. A weapon in the picture is what can be told, and it is a
reason to look, not a verdict: museums, hunters, films and toys show weapons too. So its signal is capped
(`signals.WEAPON_MOST`).
"""

from __future__ import annotations

from typing import Final

WEAPONS: Final = {
    413: "assault rifle",
    471: "cannon",
    597: "holster",
    657: "missile",
    744: "projectile",
    763: "revolver",
    764: "rifle",
    847: "tank",
}
"""Made to wound or to destroy and with no other use. `holster` is in because its pictures nearly all show the
handgun, for which ImageNet has no other class than `revolver`; `missile` and `projectile` also answer to
space rockets, which is known and left to people."""

LEFT_OUT: Final = {
    403: "aircraft carrier: a ship, seen from afar in the news",
    456: "bow: a sport, and the class answers to fiddle bows as well",
    461: "breastplate: armour, museums",
    465: "bulletproof vest: worn by police, press and medics; it protects",
    491: "chain saw: a tool of foresters",
    499: "cleaver: kitchens, which are far more frequent than attacks",
    524: "cuirass: armour, museums",
    570: "gasmask: it protects",
    583: "guillotine: museums and cartoons",
    586: "half track: vehicles, museums",
    587: "hammer: a tool",
    596: "hatchet: a tool of campers",
    623: "letter opener: an office; ImageNet has no class of knives or daggers, so these are not seen",
    652: "military uniform: people, portraits; taking it would tell on those who serve",
    777: "scabbard: costumes, museums",
    787: "shield: protects; also coats of arms",
    895: "warplane: air shows, the news",
}
