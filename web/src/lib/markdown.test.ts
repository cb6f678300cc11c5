import { expect, test } from 'vitest';
import { toHtml } from './markdown';

test('marks become elements', () => {
  expect(toHtml('**bold** and `code`')).toBe('<p><strong>bold</strong> and <code>code</code></p>\n');
});

test('headings begin below the heading of the page', () => {
  expect(toHtml('# Plan')).toBe('<h2>Plan</h2>');
  expect(toHtml('###### Deep')).toBe('<h6>Deep</h6>');
});

test.each(['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', 'a <b onclick="x()">b</b>', '<svg onload=x()>'])(
  'HTML is shown as it is written: %s',
  (html) => {
    const shown = new DOMParser().parseFromString(toHtml(html), 'text/html').body;
    expect(shown.textContent?.trim()).toBe(html);
    expect(shown.querySelector('script, img, b, svg')).toBeNull();
  },
);

test.each(['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', '//example.org/x'])(
  'a link to %s leads nowhere',
  (href) => {
    expect(toHtml(`[link](${href})`)).not.toContain('href');
  },
);

test('a link to another site does not tell it where it comes from', () => {
  const link = new DOMParser().parseFromString(toHtml('[site](https://example.org)'), 'text/html').querySelector('a');
  expect(link?.getAttribute('rel')).toBe('noopener noreferrer');
  expect(link?.getAttribute('href')).toBe('https://example.org');
});

test('an image is a link, so that nothing is loaded from elsewhere', () => {
  const html = toHtml('![chart](https://example.org/chart.png)');
  expect(html).toContain('href="https://example.org/chart.png"');
  expect(html).toContain('>chart</a>');
  expect(html).not.toContain('<img');
});

test('text that is nested too deeply is shown as it is written', () => {
  const nested = '>'.repeat(9_000);
  const shown = new DOMParser().parseFromString(toHtml(`${nested}\n<b>`), 'text/html').body;
  expect(shown.textContent).toBe(`${nested}<b>`);
});

test('a column keeps its alignment', () => {
  expect(toHtml('| a |\n|--:|\n| 1 |')).toContain('<td align="right">1</td>');
});
