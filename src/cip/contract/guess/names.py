"""What a column's name says, in English and a little German, French and Spanish."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final


def bag(text: str) -> frozenset[str]:
    """The words of a text, as a concept."""
    return frozenset(text.split())


CUSTOMER: Final = bag(
    "customer client member user account subscriber buyer shopper player student learner patient "
    "msno kunde kunden client cliente abonne utilisateur usuario socio suscriptor mitglied nutzer "
    "konto visitor person personne contact uid cust acct donor passenger tenant employee household "
    "consumer kaeufer acheteur comprador clientnum viewer reader gamer benutzer membership "
    "reviewer rater rider driver guest cardholder policyholder"
)
ITEM: Final = bag(
    "item product sku article artikel produkt produit producto articulo movie film title track "
    "song book video show game asin stock stockcode isbn listing content episode artist restaurant "
    "dish upc ean merchandise site lesson podcast album titel buch livre libro ware prod"
)
TIME: Final = bag(
    "date time datetime timestamp ts at on day datum zeit zeitpunkt fecha jour heure hora created "
    "occurred when dt tag uhrzeit moment instant when"
)
START: Final = bag(
    "start started begin began begins beginning from since signup signed joined join registered "
    "registration subscribed activation activated beginn debut inicio von enrolled opened onboarded"
)
END: Final = bag(
    "end ended ends until to cancelled canceled cancellation cancel terminated termination expiry "
    "expire expires expired closed churned churn unsubscribed unregistration ende fin kuendigung "
    "gekuendigt hasta bis resiliation stop stopped left quit deactivated ending"
)
AMOUNT: Final = bag(
    "amount amt total revenue betrag umsatz montant importe monto sales sale paid payment charge "
    "charged gross net summe wert valor turnover spend spent brutto netto gesamt gesamtbetrag "
    "somme subtotal value dollar eur euro usd gbp grand proceeds cost"
)
PRICE: Final = bag("price preis prix precio fee rate mrr fare tarifa einzelpreis unitprice mrr")
QUANTITY: Final = bag(
    "quantity qty units unit count menge anzahl quantite cantidad stueck pieces pcs stk"
)
PAYMENT: Final = bag(
    "invoice order transaction payment receipt bill basket ticket rechnung bestellung bestell "
    "beleg commande facture pedido factura purchase txn trx tx trans sale booking reservation bon"
)
KIND: Final = bag("page kind event type action activity verb interaction ereignis aktion evento")
VALUE: Final = bag(
    "rating stars score minutes mins min duration seconds secs sec hours length watched listened "
    "points overall bewertung note dauer duree puntuacion value"
)
PLAN: Final = bag("plan tier subscription package tarif abo level bundle contract abonnement")
NAME: Final = bag("name fullname nom nombre vorname nachname surname lastname firstname display")
TITLE: Final = bag(
    "title name titel titre titulo description bezeichnung libelle descripcion label"
)
CATEGORY: Final = bag(
    "category genre genres department class kategorie categorie categoria family group type section"
)
ARM: Final = bag("arm variant variation treatment version group")
OFFER: Final = bag("campaign offer experiment arm variant variation treatment test coupon promo")
KNOWN: Final = bag("known loaded ingested inserted recorded imported load ingestion etl")
ID: Final = bag(
    "id ids no nr num number nummer key code uuid guid ref reference identifier identifiant numero "
    "nro hash pk fk sk index #"
)
LABEL: Final = bag(
    "churn churned exited attrition attrited left lapsed cancelled canceled active status gone "
    "quit withdrew withdrawn defected terminated inactive retained leaver exit turnover"
)
LEAK: Final = bag(
    "churn churned attrition cancel cancelled canceled cancellation kuendigung gekuendigt "
    "terminated termination unsubscribed unsubscribe unregistration exit exited closed risk "
    "propensity predicted prediction winback lapsed deactivated resiliation baja"
)
PERSONAL: Final = bag(
    "email mail phone mobile telephone telefon address street adresse strasse ip iban ssn "
    "birthdate birthday dob password passwort url website login "
    "username firstname lastname surname vorname nachname fullname token photo avatar image img"
)
CHANGING: Final = bag(
    "tenure balance last total lifetime count number num visits logins sessions days months avg "
    "average mean sum recency frequency monetary points orders spend spent updated current usage "
    "since ltv clv"
)
SIDE_TIME: Final = bag(
    "birth dob updated modified due expected estimated delivered delivery shipped shipping ship "
    "expire expires expiry expiration release released approved limit birthday geburt last changed "
    "edited deleted returned promised birthdate premiere video"
)
NOT_MONEY: Final = bag(
    "secs seconds minutes votes helpful results clicks score days months hours items tax taxes vat "
    "mwst discount rabatt shipping freight percent percentage pct rate kilos weight length bytes "
    "points visits calls games stock position installments sequential steuer phone tip fee"
)
_OTHER: Final = bag(
    "is has was num of the by per order customer first last full date birth zip postal country "
    "city gender age state region geography monthly yearly annual flag unit list day year month "
    "session review search recommendation watch log play view click clicked stream streamed"
)
_KNOWN_WORDS: Final = (
    CUSTOMER | ITEM | TIME | START | END | AMOUNT | PRICE | QUANTITY | PAYMENT | KIND | VALUE
) | (PLAN | NAME | TITLE | CATEGORY | ID | LABEL | LEAK | PERSONAL | SIDE_TIME | _OTHER)

_AT_THE_END: Final = bag("id no nr dt at")  # other short words would find themselves anywhere
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN: Final = re.compile(r"[^a-z0-9#]+")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ü": "Ue"})


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name: `CustomerID`, `customer_id`, `Kundennummer` become words in order."""
    plain = unicodedata.normalize("NFKD", name.translate(_UMLAUTS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    spaced = _CAMEL.sub(" ", plain) if plain != plain.upper() else plain
    parts = [part for part in _BETWEEN.split(spaced.lower()) if part]
    return tuple(_singular(word) for part in parts for word in _cut(part))


def says(name: str, concept: frozenset[str]) -> bool:
    """Whether one of the name's words is of the concept."""
    return not concept.isdisjoint(words_of(name))


def fit(name: str, concept: frozenset[str], beside: frozenset[str] = frozenset()) -> float:
    """How well the name says the concept: 1, less 0.2 a word that is neither it nor `beside`."""
    words = words_of(name)
    if concept.isdisjoint(words):
        return 0.0
    rest = sum(word not in concept and word not in beside for word in words)
    return max(0.2, 1.0 - 0.2 * rest)


def snake(name: str) -> str:
    """The name as an attribute is called: `Payment Method` is `payment_method`."""
    spaced = _CAMEL.sub("_", name) if name != name.upper() else name
    return re.sub(r"\W+", "_", spaced.lower()).strip("_") or "column"


def _singular(word: str) -> str:
    known = word in _KNOWN_WORDS
    return word[:-1] if not known and word.endswith("s") and word[:-1] in _KNOWN_WORDS else word


def _cut(part: str) -> Sequence[str]:
    """`bestelldatum` is bestell + datum; a part that known words do not fill stays whole."""
    if part in _KNOWN_WORDS or len(part) < 5:
        return (part,)
    return _filled(part) or (part,)


def _filled(part: str) -> tuple[str, ...] | None:
    """The known words, the longest first, that make up the part, or None."""
    if not part:
        return ()
    if part in _AT_THE_END:
        return (part,)
    for end in range(len(part), 2, -1):
        if part[:end] in _KNOWN_WORDS and (rest := _filled(part[end:])) is not None:
            return (part[:end], *rest)
    return None
