import DOMPurify from 'dompurify';
import { Marked } from 'marked';

const ELEMENTS =
  'a p br hr strong em del code pre blockquote ul ol li h2 h3 h4 h5 h6 table thead tbody tr th td'.split(' ');

const escape = (text: string) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Headings begin below that of the page; HTML is shown as it is written; images are links, so nothing is loaded. */
const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    heading({ tokens, depth }) {
      const level = Math.min(depth + 1, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    html: ({ text, block }) => (block ? `<p>${escape(text)}</p>` : escape(text)),
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
});

const purifier = DOMPurify(window);
purifier.addHook('afterSanitizeAttributes', (element) => {
  if (element.tagName !== 'A') return;
  element.setAttribute('rel', 'noopener noreferrer');
  element.setAttribute('target', '_blank');
});

/** Markdown as HTML that is safe to show; text that is nested too deeply to be read as Markdown is shown as it is. */
export function toHtml(markdown: string): string {
  try {
    return sanitised(markdown);
  } catch {
    return `<p>${escape(markdown).replaceAll('\n', '<br>')}</p>`;
  }
}

function sanitised(markdown: string): string {
  return purifier.sanitize(marked.parse(markdown, { async: false }), {
    ALLOWED_TAGS: ELEMENTS,
    ALLOWED_ATTR: ['href', 'align', 'start'],
    ADD_URI_SAFE_ATTR: ['align', 'start'],
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/(?!\/)|#)/i,
  });
}
