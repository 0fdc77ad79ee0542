// Writes patterns.json: how each locale writes amounts, dates and times, taken from CLDR as Node's ICU
// has it. Run it after a new CLDR release: node generate.mjs > patterns.json
//
// Decimals are not taken: they belong to checkout (CLDR says that HUF has none). Grouping is always on,
// also where CLDR would leave four digits together (es: 1250,00), so that a column of amounts lines up.
const locales = `en en-AU en-CA en-GB en-GH en-IE en-IN en-KE en-NG en-NZ en-PH en-TZ en-UG en-US en-ZA
es es-419 es-AR es-BO es-CL es-CO es-CR es-DO es-EC es-ES es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-PY es-SV es-US es-UY es-VE`.split(/\s+/);

const isNumber = new Set(['integer', 'group', 'decimal', 'fraction']);

// template folds the number to "#" and the code to "¤".
function template(parts) {
  let out = '';
  for (const p of parts) {
    if (isNumber.has(p.type)) out = out.endsWith('#') ? out : out + '#';
    else out += p.type === 'currency' ? '¤' : p.value;
  }
  return out;
}

// A currency of two decimals that no locale treats in its own way.
const money = (l) => new Intl.NumberFormat(l, { style: 'currency', currency: 'XTS', currencyDisplay: 'code', minimumFractionDigits: 2, useGrouping: 'always' });
const plain = (l) => new Intl.NumberFormat(l, { minimumFractionDigits: 2, useGrouping: 'always' });

function moment(l, options) {
  const f = new Intl.DateTimeFormat(l, { ...options, timeZone: 'UTC', calendar: 'gregory', numberingSystem: 'latn' });
  return f.formatToParts(new Date(Date.UTC(2026, 10, 5, 9, 3)))
    .map((p) => (p.type === 'literal' ? p.value : p.type === 'hour' && p.value.length === 2 ? '{hh}' : `{${p.type}}`)).join('');
}

function dayPeriod(l, hour) {
  const parts = new Intl.DateTimeFormat(l, { timeStyle: 'short', timeZone: 'UTC' }).formatToParts(new Date(Date.UTC(2026, 10, 5, hour)));
  return parts.find((p) => p.type === 'dayPeriod')?.value ?? '';
}

const out = {};
for (const l of locales) {
  const digits = money(l).formatToParts(1234567890.12);
  const integers = digits.filter((p) => p.type === 'integer').map((p) => p.value.length);
  const months = [...Array(12).keys()].map((m) => new Intl.DateTimeFormat(l, { month: 'long', day: 'numeric', timeZone: 'UTC' })
    .formatToParts(new Date(Date.UTC(2026, m, 5))).find((p) => p.type === 'month').value);
  out[l] = {
    money: template(money(l).formatToParts(1)),
    moneyMinus: template(money(l).formatToParts(-1)),
    minus: template(plain(l).formatToParts(-1)),
    decimal: digits.find((p) => p.type === 'decimal').value,
    group: digits.find((p) => p.type === 'group').value,
    primary: integers.at(-1),
    secondary: integers.at(-2),
    months,
    date: moment(l, { dateStyle: 'long' }),
    time: moment(l, { timeStyle: 'short' }),
    dateTime: moment(l, { dateStyle: 'long', timeStyle: 'short' }),
    am: dayPeriod(l, 9),
    pm: dayPeriod(l, 21),
  };
}
process.stdout.write('{\n' + Object.entries(out).map(([l, p]) => `${JSON.stringify(l)}: ${JSON.stringify(p)}`).join(',\n') + '\n}\n');
