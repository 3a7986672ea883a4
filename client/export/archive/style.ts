/** The style of the pages of an archive. Its values are those of the interfaces' tokens. */
export const style = `
:root{color-scheme:light;--font:"Inter Variable",Inter,ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;--mono:"JetBrains Mono",ui-monospace,"SF Mono","Cascadia Mono","DejaVu Sans Mono",monospace;
--canvas:#f6f6f3;--surface:#fff;--sunken:#efefeb;--line:#e0e1db;--text:#181c19;--text-2:#4a504b;--text-3:#636963;--link:#1b55a6;--focus:#1d63d8;--mine:#dfeeea;--on-mine:#10211d;
--ok-soft:#e0f2ea;--ok-text:#085440;--warn-soft:#fdefd5;--warn-text:#704400;--hold-soft:#efe9fa;--hold-text:#4f2d8a;--info-soft:#e6eefb;--info-text:#1c4783}
@media (prefers-color-scheme:dark){:root{color-scheme:dark;--canvas:#101311;--surface:#171b19;--sunken:#0b0d0c;--line:#2a302d;--text:#e9ece9;--text-2:#b6beb9;--text-3:#98a19b;--link:#8db8f5;--focus:#7fb0ff;--mine:#1b3b34;--on-mine:#e6f3ef;
--ok-soft:#11322a;--ok-text:#86dcbf;--warn-soft:#37280d;--warn-text:#f0c67f;--hold-soft:#281e3e;--hold-text:#cdb8f4;--info-soft:#16273f;--info-text:#abc9f6}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--canvas);color:var(--text);font:400 1rem/1.5 var(--font);font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main,header,footer{max-width:56rem;margin-inline:auto;padding-inline:1.25rem}
header{padding-block:3rem 1rem}
main{padding-block-end:2rem}
footer{padding-block:1rem 3rem;color:var(--text-3);font-size:.8125rem}
h1{font-size:1.375rem;line-height:1.3;font-weight:600;letter-spacing:-.011em;margin:0 0 .5rem;max-width:34rem;text-wrap:balance}
h2{font-size:1.125rem;line-height:1.3;font-weight:600;letter-spacing:-.011em;margin:0 0 .75rem}
p{margin:0 0 .75rem;max-width:34rem}
a{color:var(--link);text-underline-offset:2px}
a:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:4px}
section{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1.25rem;margin-block:1rem}
.lead{color:var(--text-2)}
.quiet{color:var(--text-3);margin:0}
.kicker{color:var(--text-3);font-size:.8125rem;margin:0 0 .5rem}
.contents{list-style:none;padding:0;margin:1rem 0 0;display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.875rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:1rem;margin:0}
.facts div{border-inline-start:3px solid var(--line);padding-inline-start:.75rem}
.facts dt{color:var(--text-3);font-size:.8125rem}
.facts dd{margin:0;font-size:1.125rem;font-weight:600;letter-spacing:-.011em}
.list{list-style:none;margin:0;padding:0}
.list li{border-block-start:1px solid var(--line)}
.list li:first-child{border-block-start:0}
.list a{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.125rem 1rem;padding:.75rem 0;min-height:2.75rem;text-decoration:none;color:inherit}
.list a:hover strong{text-decoration:underline}
.list strong{font-weight:500;color:var(--link)}
.list span{color:var(--text-3);font-size:.875rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.8125rem}
th,td{text-align:start;padding:.5rem .75rem .5rem 0;border-block-start:1px solid var(--line);vertical-align:top;font-weight:400;overflow-wrap:normal}
thead th{color:var(--text-3);border-block-start:0}
tbody th{font-weight:500}
code{font:400 .8125rem/1.5 var(--mono)}
.badge{display:inline-block;border-radius:6px;padding:.0625rem .375rem;font-size:.75rem;font-weight:500;background:var(--info-soft);color:var(--info-text)}
.badge.warn{background:var(--warn-soft);color:var(--warn-text)}
.log{list-style:none;margin:0;padding:0;display:flex;flex-direction:column;gap:.75rem}
.day{align-self:center;color:var(--text-3);font-size:.8125rem;margin-block:.75rem .25rem}
.event{align-self:center;text-align:center;color:var(--text-3);font-size:.8125rem;max-width:34rem}
.message{max-width:min(34rem,88%);align-self:flex-start}
.message>p:first-child{color:var(--text-3);font-size:.75rem;margin:0 .75rem .125rem}
.bubble{background:var(--sunken);border-radius:18px;padding:.5rem .875rem;white-space:pre-wrap}
.mine{align-self:flex-end}
.mine>p:first-child,.mine>.note{text-align:end}
.mine .bubble{background:var(--mine);color:var(--on-mine)}
.closed .bubble{background:transparent;border:1px dashed var(--line);color:var(--text-2)}
.note{color:var(--text-3);font-size:.75rem;margin:.125rem .75rem 0}
.turn{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.5rem 1rem;font-size:.875rem;margin-block:1rem}
@media (max-width:30rem){header{padding-block-start:1.5rem}section{padding:1rem}main,header,footer{padding-inline:.75rem}}
@media print{body{background:#fff}section{border:0;padding:0}.turn{display:none}}
`;
