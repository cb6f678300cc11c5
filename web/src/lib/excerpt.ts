/**
 * How many characters an excerpt is made of. The 8 lines of the widest card show about 700 of ordinary text, and 1,200 of
 * the narrowest letters. Some of the patterns take time that grows with the square of the length.
 */
const LONGEST = 1500;

/**
 * The beginning of Markdown as text to skim: without the signs of headings, emphasis, code, links, quotes and tasks, and
 * without blank lines. Ends in an ellipsis if there is more.
 */
export function excerpt(markdown: string): string {
  const beginning = markdown.length > LONGEST ? markdown.slice(0, LONGEST).replace(/[\uD800-\uDBFF]$/, '') : markdown;
  const text = beginning
    .replace(/^ {0,3}(?:#{1,6}|>+) +/gm, '')
    .replace(/^( *[-*+] +)\[( |x)\] /gim, (_, bullet, done) => `${bullet}${done === ' ' ? '☐' : '☑'} `)
    .replace(/!?\[([^\]\n]+)\]\([^)\s]+\)/g, '$1')
    .replace(/(\*\*|~~)(?=\S)(.+?)(?<=\S)\1/g, '$2')
    .replace(/`([^`\n]+)`/g, '$1')
    .replace(/^```.*\n?/gm, '')
    .replace(/\n\s*\n/g, '\n')
    .trim();
  return markdown.length > LONGEST ? `${text}…` : text;
}
