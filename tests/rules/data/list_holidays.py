#!/usr/bin/env python3
"""Writes holidays.txt: the weekdays off of each place from 2015 to 2035, as the package holidays (PyPI, 0.109) has them.

    python3 -m venv V && V/bin/pip install holidays==0.109 && V/bin/python list_holidays.py > holidays.txt

A line: the place (ISO 3166), the year, the days as MMDD. Left out, as config/calendars.toml says: what is only customary in the overseas
departments of France, and the Muslim feasts of Ceuta and Melilla where they are estimated.
"""
import holidays

PARTS = {
    "FR": ["57", "67", "68", "971", "972", "973", "974", "976", "BL", "MF"],
    "ES": "AN AR AS CB CE CL CM CN CT EX GA IB MC MD ML NC PV RI VC".split(),
    "IT": ["BZ"],
    "PL": [],
    "BR": "AL AM AP BA CE DF ES MA MS MT PA PB PE PI RJ RN RO RR RS SE SP TO".split(),
}
ALSACE = {"67", "68"}  # one part in the package


def days_off(country, part, year):
    kind = getattr(holidays, country)
    all_days = kind(years=year, subdiv="6AE" if part in ALSACE else part, language="en_US")
    for day, name in sorted(all_days.items()):
        national = day in kind(years=year)
        overseas = country == "FR" and part and part not in ALSACE | {"57"}
        customary = overseas and not national and "Abolition" not in name
        if day.weekday() < 5 and not customary and "estimated" not in name:
            yield day.strftime("%m%d")


for country, parts in PARTS.items():
    for part in [None] + parts:
        for year in range(2015, 2036):
            print(f"{country}-{part}" if part else country, year, *days_off(country, part, year))
