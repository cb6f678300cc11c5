/** Markdown as text to skim: without the signs of headings, emphasis, code, links, quotes and tasks, and without blank lines. */
export function excerpt(markdown: string): string {
  return markdown
    .replace(/^ {0,3}(?:#{1,6}|>+) +/gm, '')
    .replace(/^( *[-*+] +)\[( |x)\] /gim, (_, bullet, done) => `${bullet}${done === ' ' ? '☐' : '☑'} `)
    .replace(/!?\[([^\]\n]+)\]\([^)\s]+\)/g, '$1')
    .replace(/(\*\*|~~)(?=\S)(.+?)(?<=\S)\1/g, '$2')
    .replace(/`([^`\n]+)`/g, '$1')
    .replace(/^```.*\n?/gm, '')
    .replace(/\n\s*\n/g, '\n')
    .trim();
}
