#!/usr/bin/env python3
"""Draws the three fictional French sample documents next to this file.

    pip install reportlab==5.1.0
    python3 samples/make.py

The output is byte-for-byte reproducible: reportlab's invariant mode fixes dates and ids, the fonts are
the Bitstream Vera ones inside the reportlab package, and streams are not compressed, so that the zlib
of the machine plays no part. Totals and taxes are computed here, never typed in.
"""
import re
from decimal import ROUND_HALF_UP, Decimal as D
from pathlib import Path

import reportlab
from reportlab.graphics.barcode import code128, qr
from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

HERE, FONTS = Path(__file__).resolve().parent, Path(reportlab.__file__).parent / "fonts"
for alias, file in (("R", "Vera"), ("B", "VeraBd")):
    pdfmetrics.registerFont(TTFont(alias, str(FONTS / f"{file}.ttf")))

NARROW = 0.9  # horizontal scale of all text: Vera is wide
LEFT, RIGHT, WIDTH = 15, 195, 180  # page frame, in millimetres
INK, GREY, RULE, PALE, WHITE = "#1f2933", "#5f6b76", "#c9d1d8", "#f3f6f8", "#ffffff"
HOME = ["Mme et M. LE BRÉVINEC", "Azenor et Tugdual", "27 venelle du Phare-Éteint", "96140 PORT-KERBRÉVIN"]
HOLDER, IBAN, NB = "Azenor Le Brévinec", "FR00 •••• •••• •••• •••• •••0 042", "\u00a0"


def fr(s):
    """French typography: no-break spaces, curly apostrophes."""
    s = re.sub(r" (?=[:;!?%€»]|kWh|kVA|h\b)|(?<=«) |(?<=n°) ", NB, s)
    return s.replace("'", "’")


def rounded(x, step="0.01"):
    return x.quantize(D(step), ROUND_HALF_UP)


def num(x):
    return f"{x:,}".replace(",", NB).replace(".", ",").replace("-", "−")


def eur(x):
    return num(x) + NB + "€"


class Doc:
    """A canvas measured in millimetres from the top left corner of an A4 page."""

    def __init__(self, name, issuer, title, color, tint, pages, legal):
        self.c = Canvas(str(HERE / name), pagesize=(210 * mm, 297 * mm), invariant=1, pageCompression=0,
                        lang="fr-FR", initialFontName="R")
        self.c.setTitle(fr(f"{issuer} — {title}"))
        self.c.setAuthor(issuer)
        self.c.setSubject("SPÉCIMEN — document fictif")
        self.color, self.tint, self.legal, self.page, self.pages = color, tint, legal, 1, pages

    def txt(self, x, y, s, size=8.2, font="R", col=INK, al="l"):
        s = fr(s)
        x -= pdfmetrics.stringWidth(s, font, size) * NARROW / mm * {"l": 0, "c": 0.5, "r": 1}[al]
        t = self.c.beginText(x * mm, (297 - y) * mm)
        t.setFont(font, size)
        t.setHorizScale(100 * NARROW)
        t.setFillColor(HexColor(col))
        t.textOut(s)
        self.c.drawText(t)

    def notes(self, x, y, *lines, size=7.8):
        """Lines of text; a leading '*' makes a small title, an empty one a gap."""
        for s in lines:
            self.txt(x, y, s.lstrip("*"), size, "B" if s[:1] == "*" else "R", self.color if s[:1] == "*" else INK)
            y += size * 0.49 if s else 2

    def paint(self, fill, stroke, lw):
        self.c.setFillColor(HexColor(fill or WHITE))
        self.c.setStrokeColor(HexColor(stroke or WHITE))
        self.c.setLineWidth(lw)
        return {"stroke": bool(stroke), "fill": bool(fill)}

    def box(self, x, y, w, h, fill=None, stroke=None, r=0, lw=0.6):
        self.c.roundRect(x * mm, (297 - y - h) * mm, w * mm, h * mm, r * mm, **self.paint(fill, stroke, lw))

    def line(self, x1, y1, x2, y2, col=RULE, lw=0.5, dash=()):
        self.paint(None, col, lw)
        self.c.setDash(list(dash))
        self.c.line(x1 * mm, (297 - y1) * mm, x2 * mm, (297 - y2) * mm)
        self.c.setDash([])

    def shape(self, points, fill=None, stroke=None, lw=1.0):
        """A filled polygon or, if only stroked, a chain of Bézier curves."""
        path = self.c.beginPath()
        pts = [(x * mm, (297 - y) * mm) for x, y in points]
        path.moveTo(*pts[0])
        step, draw = (1, path.lineTo) if fill else (3, path.curveTo)
        for i in range(1, len(pts), step):
            draw(*sum(pts[i:i + step], ()))
        self.c.drawPath(path, **self.paint(fill, stroke, lw))

    def qr(self, x, y, side, s):
        self.paint(INK, None, 0)
        qr.QrCode(s, width=side * mm, height=side * mm, qrBorder=0).drawOn(self.c, x * mm, (297 - y - side) * mm)

    def head(self, x, y, s, w=WIDTH, size=10):
        self.txt(x, y, s, size, "B", self.color)
        self.line(x, y + 1.8, x + w, y + 1.8, self.color, 1)
        return y + 7

    def panel(self, fill, ink, label, amount, facts):
        """The amount due, then (caption, value, x) facts, in a coloured band."""
        self.box(LEFT, 82, WIDTH, 23, fill, r=3)
        self.txt(21, 90, label, 9.5, col=ink)
        self.txt(21, 100.5, amount, 24, "B", ink)
        for caption, value, x in facts:
            self.line(x - 6, 86, x - 6, 101, GREY)
            self.txt(x, 91, caption, 8.6, col=ink)
            self.txt(x, 98, value, 11.5, "B", ink)

    def pairs(self, x, y, w, rows):
        for key, value in rows:
            self.txt(x, y, key, 8, col=GREY)
            self.txt(x + w, y, value, 8, "B", al="r")
            y += 4.6
        return y

    def table(self, x, y, title, cols, rows, size=7.8, step=5.6):
        """cols such as '64l 28r'; first row: header; '*' leads a total, '#' a section. Returns the bottom."""
        cols = [(int(c[:-1]), c[-1]) for c in cols.split()]
        full = sum(w for w, _ in cols)
        y = self.head(x, y, title, full) - 4
        for i, row in enumerate(rows):
            kind = row[0] if row[0] in ("*", "#") else ""
            ink = WHITE if i == 0 else self.color if kind == "#" else INK
            if i == 0 or kind == "*":
                self.box(x, y, full, step, self.tint if i else self.color)
            cx = x
            for (w, al), cell in zip(cols, row[len(kind):]):
                at = {"l": cx + 1.8, "c": cx + w / 2, "r": cx + w - 1.8}[al]
                self.txt(at, y + step * 0.66, cell, size, "B" if kind or i == 0 else "R", ink, al)
                cx += w
            y += step
            self.line(x, y, x + full, y)
        return y

    def shares(self, y, parts):
        """One bar across the page: (caption, value, colour) each, with its legend below."""
        x, total = LEFT, sum(v for _, v, _ in parts)
        for i, (caption, v, col) in enumerate(parts):
            self.box(x, y - 3, float(WIDTH * v / total), 6.5, col)
            self.box(LEFT + i * 46, y + 6.5, 3, 3, col)
            self.txt(LEFT + i * 46 + 4.5, y + 9.1, caption, 7.6)
            x += float(WIDTH * v / total)
        return y + 20

    def opening(self, lines, refs, code):
        """Top of the first page: title lines on the right, references, addressee with routing code."""
        for i, s in enumerate(lines):
            self.txt(RIGHT, 18 + i * 5, s, 8.8 if i else 14.5, "R" if i else "B", INK if i else self.color, "r")
        self.pairs(LEFT, self.head(LEFT, 42, "Vos références", 82), 82, refs)
        self.paint(INK, None, 0)
        code128.Code128(code, barHeight=4 * mm, barWidth=0.23 * mm, quiet=0).drawOn(self.c, 112 * mm, 253.5 * mm)
        for i, s in enumerate(HOME):
            self.txt(112, 53 + i * 5, s, 10, "R" if i else "B")

    def end(self):
        self.line(LEFT, 277, RIGHT, 277)
        for i, s in enumerate(self.legal):
            self.txt(105, 280.6 + i * 3.1, s, 6, col=GREY, al="c")
        self.txt(105, 290.5, "SPÉCIMEN — document fictif", 7, "B", self.color, "c")
        self.txt(RIGHT, 290.5, f"Page {self.page}/{self.pages}", 7, col=GREY, al="r")
        self.c.showPage()
        if self.page == self.pages:
            self.c.save()
        self.page += 1


def electricity():
    teal, sun, soft, sand = "#0b5563", "#f29f3d", "#7fa9b1", "#f6d3a8"
    d = Doc("facture-electricite.pdf", "Énergie du Ponant", "Facture d'électricité du 18 novembre 2026", teal, "#e3f0f2", 2, [
        "Énergie du Ponant, SAS au capital de 2 400 000 € — 3 quai des Alizés-Perdus, 96100 Brévin-Ville — RCS 999 000 001",
        "N° TVA FR00 999 000 001 — energie-du-ponant.example — Service clients 02 61 91 40 00 (appel non surtaxé)"])
    # Monthly use (peak, off-peak) from October 2025 to November 2026, each read on the 14th.
    months = "oct. nov. déc. janv. févr. mars avr. mai juin juil. août sept. oct. nov.".split()
    used = [(324, 229), (391, 281), (548, 402), (602, 447), (571, 418), (463, 335), (358, 252), (286, 203), (241, 170),
            (228, 158), (219, 149), (262, 181), (311, 216), (375, 268)]
    peak, off = (used[-1][i] + used[-2][i] for i in (0, 1))
    before, now = sum(map(sum, used[:2])), peak + off
    lines = [("Abonnement 9 kVA — du 15/11/2026 au 14/01/2027", "mois", 2, "16.35"),
             ("Consommation heures pleines (HP)", "kWh", peak, "0.14350"),
             ("Consommation heures creuses (HC)", "kWh", off, "0.10840"),
             ("Contribution tarifaire d'acheminement (CTA)", "mois", 2, "1.43"),
             ("Accise sur l'électricité", "kWh", now, "0.03085")]
    cost = [rounded(n * D(price)) for _, _, n, price in lines]
    net = sum(cost)
    vat = rounded(net * D("0.2"))
    due = net + vat
    d.box(15, 12, 18, 18, teal, r=3)
    d.box(19.4, 15.6, 9.2, 9.2, sun, r=4.6)
    d.box(17, 21.2, 14, 6, teal)
    for y in (22.2, 24.3, 26.4):
        d.shape([(18, y), (20, y - 1.8), (22, y + 1.8), (24, y), (26, y - 1.8), (28, y + 1.8), (30, y)], None, WHITE, 1.3)
    d.txt(37, 20.2, "Énergie", 17, "B", teal)
    d.txt(37, 27, "du Ponant", 17, "R", teal)
    d.opening(["Facture d'électricité", "N° EP-2026-1118-40731", "du 18 novembre 2026"], [
        ("Numéro de client", "7 004 218 655"), ("Titulaire du contrat", HOLDER), ("Offre", "Ponant Fixe 24 mois"),
        ("Point de livraison (PDL)", "99 961 402 731 005"), ("Puissance et option", "9 kVA — HP/HC"),
        ("Lieu de consommation", "Port-Kerbrévin (96140)")], "EP7004218655A1118")
    d.panel(teal, WHITE, "Montant à payer TTC", eur(due), [("Prélevé automatiquement le", "3 décembre 2026", 97)])
    d.box(171.5, 83.5, 20, 20, WHITE, r=1.5)
    d.qr(173, 85, 17, "https://energie-du-ponant.example/f/EP-2026-1118-40731")
    d.table(LEFT, 120, "L'essentiel de votre facture", "64l 28r", [
        ("Du 15 septembre au 14 novembre 2026", "Montant"), ("Abonnement HT", eur(cost[0])),
        (f"Consommation HT ({num(now)} kWh)", eur(cost[1] + cost[2])), ("Taxes et contributions HT", eur(cost[3] + cost[4])),
        ("Total HT", eur(net)), ("TVA à 20 %", eur(vat)), ("*", "Total TTC à payer", eur(due))])
    y = d.head(115, 120, "Par rapport à l'an dernier", 80)
    d.txt(115, y + 3, num(rounded(D(100 * (now - before)) / before, "0.1")) + " %", 19, "B", teal)
    d.notes(115, y + 10, f"Sur la même période, votre foyer a consommé {num(now)} kWh",
            f"contre {num(before)} kWh en 2025. Index relevés à distance par",
            "votre compteur communicant, sans estimation.", "",
            "*Prochaine facture : vers le 18 janvier 2027", "Prochain relevé : 14 janvier 2027", size=8.2)
    d.head(LEFT, 176, "Votre consommation mois par mois (kWh)")
    base, scale, pitch = 239.0, 46 / 1100, 166 / 14
    for v in range(0, 1001, 200):
        d.line(27, base - v * scale, RIGHT, base - v * scale, RULE, 0.4)
        d.txt(25, base - v * scale + 0.8, num(v), 6.6, col=GREY, al="r")
    for i, ((hp, hc), month) in enumerate(zip(used, months)):
        x, top, fresh = 30 + i * pitch, base - (hp + hc) * scale, i >= 12
        d.box(x, top - 3.6, 8, 3.6, WHITE)
        d.box(x, base - hp * scale, 8, hp * scale, teal if fresh else soft)
        d.box(x, top, 8, hc * scale, sun if fresh else sand)
        d.txt(x + 4, top - 1.2, num(hp + hc), 6.4, "B", al="c")
        d.txt(x + 4, base + 4.4, f"{month} {26 if i > 2 else 25}", 6.8, "B" if fresh else "R", al="c")
    for x, col, s in ((139, teal, "Heures pleines"), (169, sun, "Heures creuses")):
        d.box(x, 181.4, 3, 3, col)
        d.txt(x + 4.4, 184, s, 7.4)
    d.box(LEFT, 251, WIDTH, 20, PALE, RULE, 2)
    d.txt(19, 257, "Votre prélèvement", 9, "B", teal)
    d.pairs(19, 262.5, 84, [("Compte débité (IBAN)", IBAN), ("Référence du mandat (RUM)", "EP-7004218655-01")])
    d.pairs(112, 262.5, 79, [("Créancier (ICS)", "FR00ZZZ000042"), ("Montant et date", f"{eur(due)} le 3/12/2026")])
    d.end()

    d.head(LEFT, 18, "Détail de votre facture n° EP-2026-1118-40731", size=14)
    y = d.table(LEFT, 31, "Relevé de votre compteur n° 999 614 027", "60l 40r 40r 40r", [
        ("Poste", "Index au 14/09/2026", "Index au 14/11/2026", "Consommation"),
        ("Heures pleines (6 h 30 – 22 h 30)", num(38432), num(38432 + peak), f"{num(peak)} kWh"),
        ("Heures creuses (22 h 30 – 6 h 30)", num(21907), num(21907 + off), f"{num(off)} kWh"),
        ("*", "Total — index télérelevés", "", "", f"{num(now)} kWh")], 8.2, 6.2)
    y = d.table(LEFT, y + 12, "Calcul du montant", "78l 28r 30r 16r 28r", [
        ("Désignation", "Quantité", "Prix unitaire HT", "TVA", "Montant HT")] + [
        (s, f"{num(n)} {unit}", eur(D(p)), "20 %", eur(m)) for (s, unit, n, p), m in zip(lines, cost)] + [
        ("*", "Total HT", "", "", "", eur(net)), ("TVA à 20 %", f"sur {eur(net)}", "", "", eur(vat)),
        ("*", "Total TTC", "", "", "", eur(due))], 8.2, 6.2)
    y = d.head(LEFT, y + 12, "Origine de votre électricité (garanties 2025)")
    y = d.shares(y, [("Éolien en mer : 46 %", 46, teal), ("Hydraulique : 27 %", 27, "#3f8a99"),
                     ("Solaire : 18 %", 18, sun), ("Marémotrice : 9 %", 9, soft)])
    y = d.head(LEFT, y + 1, "Comprendre votre facture")
    d.notes(LEFT, y, "*Abonnement", "Part fixe, facturée d'avance pour deux mois.", "", "*Consommation",
            "Différence entre deux index, multipliée par le prix du kWh.", "", "*CTA et accise",
            "Contributions collectées pour des tiers.", size=8.2)
    d.notes(109, y, "*Retard de paiement", "Intérêt légal majoré de cinq points ; pas d'escompte.", "", "*Une réclamation ?",
            "Service réclamations, 96109 Brévin-Ville Cedex.", "", "*Urgence dépannage",
            "02 61 91 49 99, 24 h/24 et 7 j/7, avec votre numéro de PDL.", size=8.2)
    d.end()


def telecom():
    plum, pink = "#4a1d6e", "#e0457b"
    d = Doc("facture-telecom.pdf", "Korrigan Télécom", "Facture fibre et mobile du 5 novembre 2026", plum, "#f1e8f7", 1, [
        "Korrigan Télécom, SA au capital de 8 100 000 € — 12 rue des Lanternes-Sourdes, 96100 Brévin-Ville — RCS 999 000 002",
        "N° TVA FR00 999 000 002 — korrigan-telecom.example — Service clients 02 61 91 70 70 (appel non surtaxé)"])
    now = "01/11 – 30/11"
    lines = [("#", "Box et Internet — 02 61 91 27 14", "", "", ""),  # then: label, period, VAT rate, amount before tax
             ("Fibre Farfadet 2 Gbit/s", now, 20, D("31.66")), ("Bouquet TV Lande (72 chaînes)", now, 10, D("4.54")),
             ("Location du décodeur", now, 20, D("2.50")), ("Remise « foyer » (trois lignes)", now, 20, D("-4.17")),
             ("#", "Mobile Azenor — 06 39 98 12 34", "", "", ""), ("Forfait Menhir 120 Go", now, 20, D("12.49")),
             ("#", "Mobile Tugdual — 06 39 98 56 78", "", "", ""), ("Forfait Galet 20 Go", now, 20, D("6.66")),
             ("Hors forfait : deux appels vers l'étranger, un SMS+", "01/10 – 31/10", 20, D("2.05"))]
    base = {rate: sum(x[3] for x in lines if x[2] == rate) for rate in (20, 10)}
    tax = {rate: rounded(b * rate / 100) for rate, b in base.items()}
    net, vat = sum(base.values()), sum(tax.values())
    due = net + vat
    d.box(0, 0, 210, 5, plum)
    d.shape([(16, 25.5), (24.2, 10), (32.4, 25.5)], plum)
    d.shape([(24.2, 10), (29, 12.2), (26, 13.5)], pink)
    d.box(15, 25.2, 18.4, 2.6, pink, r=1.3)
    for k in (2.2, 4.2):
        a, b = 22.4 - k * 0.6, 21 - k
        d.shape([(24.2 - k, a), (24.2 - k / 2, b), (24.2 + k / 2, b), (24.2 + k, a)], None, WHITE, 1.3)
    d.box(23.3, 21.7, 1.8, 1.8, WHITE, r=0.9)
    d.txt(38, 20, "korrigan", 22, "B", plum)
    d.txt(38.4, 26.2, "télécom", 13, "R", pink)
    d.opening(["Votre facture de novembre 2026", "N° KT26-11-0058-2917", "émise le 5 novembre 2026"], [
        ("Numéro de client", "K 318 420 096"), ("Compte de facturation", "1-0058-2917"),
        ("Identifiant fibre (PTO)", "KB-9614-0427"), ("Lignes mobiles", "2"),
        ("Espace client", "korrigan-telecom.example"), ("Fin d'engagement", "sans engagement")], "KT318420096B1105")
    d.panel(d.tint, plum, "Total à payer TTC", eur(due), [("Prélèvement le", "16 novembre 2026", 84),
                                                          ("Prochaine facture", "5 décembre 2026", 140)])
    y = d.table(LEFT, 114, "Détail de votre facture", "92l 34c 20r 34r", [("Désignation", "Période", "TVA", "Montant HT")] + [
        x if x[0] == "#" else (x[0], x[1], f"{x[2]} %", eur(x[3])) for x in lines] + [("*", "Total HT", "", "", eur(net))])
    top, y = y + 10, d.table(89, y + 10, "TVA", "28l 26r 26r 26r", [("Taux de TVA", "Base HT", "TVA", "TTC")] + [
        (f"TVA à {r} %", eur(base[r]), eur(tax[r]), eur(base[r] + tax[r])) for r in base] + [
        ("*", "Total à payer", eur(net), eur(vat), eur(due))])
    d.pairs(LEFT, d.head(LEFT, top, "Données mobiles d'octobre", 65), 65, [
        ("Azenor", "47,3 Go sur 120"), ("Tugdual", "16,8 Go sur 20")])
    d.notes(LEFT, y + 8,
            "Abonnements facturés d'avance, hors forfait à terme échu. TVA acquittée sur les débits. Pas d'escompte.",
            "Retard : intérêts au taux légal. Contestation : sous un an, auprès du service consommateurs, 96108 Brévin-Ville",
            "Cedex, puis du médiateur (saisine gratuite). Relevés détaillés et codes RIO dans votre espace client.")
    d.txt(LEFT, 243, "Votre mode de paiement : prélèvement SEPA", 9, "B", plum)
    d.pairs(LEFT, 249.5, 84, [("Titulaire du compte", HOLDER), ("IBAN", IBAN),
                              ("Référence du mandat (RUM)", "KT-318420096-0001"), ("Créancier (ICS)", "FR00ZZZ000077"),
                              ("Montant prélevé le 16/11/2026", eur(due))])
    d.box(110, 240, 85, 32, PALE, RULE, 2)
    d.qr(114, 243.5, 25, "https://korrigan-telecom.example/f/KT26-11-0058-2917")
    d.notes(144, 247.5, "*Une question ?", "", "Scannez ce code pour retrouver", "cette facture ou changer de forfait.",
            "Un conseiller vous répond de 8 h", "à 20 h, du lundi au samedi.")
    d.end()


def property_tax():
    blue, ochre, ref = "#26405f", "#b5812d", "26 96 0042713 18"
    d = Doc("avis-taxe-fonciere.pdf", "Direction des contributions — Spécimen", "Avis de taxe foncière 2026", blue, "#e8edf3", 2, [
        "Direction des contributions — Spécimen — Centre de Brévin-Ville, 1 place du Cadastre-Imaginaire, 96100 Brévin-Ville",
        "Administration inventée : ce document n'émane d'aucun service public et ne peut donner lieu à aucun paiement."])
    rates = {2025: "41.26 2.84 0.398 9.20 0.274".split(), 2026: "41.26 2.84 0.412 9.35 0.287".split()}
    bases = {2025: 2131, 2026: 2148}
    old, p = ([rounded(D(r) * bases[y] / 100, "1") for r in rates[y]] for y in (2025, 2026))
    fees = [rounded(x * D(rate), "1") for x, rate in ((p[0] + p[1], "0.03"), (p[3], "0.08"), (p[2] + p[4], "0.09"))]
    due = sum(p) + sum(fees)

    percent = {year: [num(D(r)) + " %" for r in rates[year]] for year in rates}
    d.shape([(24, 11), (33, 16), (33, 26), (24, 31), (15, 26), (15, 16)], blue)
    d.shape([(24, 14.5), (30.2, 18.6), (17.8, 18.6)], WHITE)
    for k in range(4):
        d.box(18.5 + k * 3.15, 19.6, 1.6, 5.6, WHITE)
    d.box(17.8, 26, 12.4, 1.3, ochre)
    d.txt(37, 19.5, "Direction des contributions", 14.5, "B", blue)
    d.txt(37, 25.2, "Spécimen — Centre de Brévin-Ville", 9.6, "R", ochre)
    d.opening(["Avis de taxe foncière 2026", "Propriétés bâties"], [
        ("Numéro fiscal — déclarant 1", "00 42 713 190 588"), ("Numéro fiscal — déclarant 2", "00 42 713 190 611"),
        ("Référence de l'avis", ref), ("Numéro de rôle", "96-221"), ("Date d'établissement", "28 août 2026"),
        ("Date de mise en recouvrement", "31 août 2026")], "DC2696004271318")
    d.panel(d.tint, blue, "Montant de votre impôt", eur(due), [("À payer au plus tard le", "15 octobre 2026", 84),
                                                               ("En ligne, jusqu'au", "20 octobre 2026", 140)])
    y = d.head(LEFT, 118, "Votre situation au 1er janvier 2026")
    d.pairs(LEFT, y, 84, [("Commune", "Port-Kerbrévin (96140)"), ("Adresse du bien", HOME[2])])
    d.pairs(111, y, 84, [("Référence cadastrale", "AK 0142"), ("Nature", "Maison de 112 m²")])
    d.table(LEFT, 143, "Comment est composé ce montant", "78l 26r", [
        ("Nature", "Montant"), ("Propriétés bâties — taxe foncière", eur(p[0] + p[1] + p[2])),
        ("Enlèvement des ordures ménagères", eur(p[3])), ("Taxe GEMAPI", eur(p[4])),
        ("Frais de gestion", eur(sum(fees))), ("*", "Total à payer", eur(due))])
    d.notes(127, d.head(127, 143, "Vos contacts", 68), "*Par internet", "contributions.example, « Messagerie »", "",
            "*Par téléphone", "02 61 91 96 00, du lundi au vendredi,", "de 8 h 30 à 18 h (prix d'un appel local)", "",
            "*Au guichet", "Centre de Brévin-Ville, les lundi, mardi", "et jeudi, de 9 h à 12 h", size=8)
    d.notes(LEFT, d.head(LEFT, 194, "Pour payer"),
            "Vous n'avez pas opté pour le prélèvement. Le montant dû étant supérieur à 300 €, vous devez le régler en ligne, sur",
            "contributions.example, ou par prélèvement à l'échéance (adhésion avant le 30 septembre 2026).", "",
            "Paiement en ligne : jusqu'au 20 octobre 2026 à minuit ; la somme sera prélevée le 26 octobre 2026. Passé ces dates,",
            "une majoration de 10 % s'applique aux sommes restant dues.", size=8.2)
    d.txt(105, 229, "Coupon de référence pour le paiement en ligne", 6.6, col=GREY, al="c")
    d.line(LEFT, 230, RIGHT, 230, GREY, 0.6, (3, 2))
    d.box(LEFT, 234, WIDTH, 38, None, blue, 1.5, 1)
    d.qr(20, 239.5, 27, "https://contributions.example/payer/26960042713-18")
    d.txt(53, 242.5, "Paiement de la taxe foncière 2026", 10, "B", blue)
    d.pairs(53, 249, 78, [("Redevables", "Azenor et Tugdual Le Brévinec"), ("Référence de l'avis", ref),
                          ("Numéro fiscal", "00 42 713 190 588"), ("Date limite de paiement", "15 octobre 2026")])
    d.txt(164, 249, "Montant à payer", 8.6, al="c")
    d.txt(164, 259, eur(due), 18, "B", blue, "c")
    d.end()

    d.head(LEFT, 18, f"Détail du calcul — avis n° {ref}", size=14)
    y = d.table(LEFT, 31, "Propriétés bâties", "36l" + " 24r" * 6, [
        ("Maison", "Commune", "Intercom.", "Taxes spéc.", "Ordures mén.", "GEMAPI", "Total"),
        ("Taux 2025", *percent[2025], ""), ("Taux 2026", *percent[2026], ""),
        ("Base nette 2026", *[num(bases[2026])] * 5, ""), ("Cotisation 2025", *map(eur, old), eur(sum(old))),
        ("*", "Cotisation 2026", *map(eur, p), eur(sum(p)))], 8, 6.4)
    y = d.table(LEFT, y + 12, "Récapitulatif", "146l 34r", [
        ("Élément", "Montant"), ("Total des cotisations", eur(sum(p))),
        ("Frais de gestion — commune et intercommunalité (3 %)", eur(fees[0])),
        ("Frais de gestion — ordures ménagères (8 %)", eur(fees[1])),
        ("Frais de gestion — taxes spéciales et GEMAPI (9 %)", eur(fees[2])),
        ("*", "Montant de votre impôt", eur(due))], 8, 6.4)
    y = d.head(LEFT, y + 12, "À qui revient votre impôt")
    rest = p[2] + p[4] + sum(fees)
    y = d.shares(y, [(f"Commune : {eur(p[0])}", p[0], blue), (f"Intercommunalité : {eur(p[1])}", p[1], "#5d7ea6"),
                     (f"Ordures mén. : {eur(p[3])}", p[3], ochre), (f"Autres et frais : {eur(rest)}", rest, "#9aa7b5")])
    y = d.head(LEFT, y + 4, "Pour comprendre cet avis")
    d.notes(LEFT, y, "*Base nette", "Moitié de la valeur locative cadastrale. Les cotisations sont arrondies à l'euro.", "",
            "*Réclamation", "Jusqu'au 31 décembre 2027, par la messagerie de votre espace personnel ou par courrier.", size=8.2)
    d.end()


if __name__ == "__main__":
    for draw in (electricity, telecom, property_tax):
        draw()
