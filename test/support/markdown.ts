export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** Every fenced block, in order. */
export function blocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
}

/** The text of every fenced block of this language, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  return blocks(markdown)
    .filter((block) => block.language === language)
    .map(({ code }) => code);
}

/** The section under this heading of the second level, up to the next; `''`: there is none. */
export function section(markdown: string, title: string): string {
  return markdown.split(/^(?=## )/m).find((part) => part.startsWith(`## ${title}\n`)) ?? '';
}

/** The rows of every table whose first column has this title: their cells, without the quotes of code. */
export function tableRows(markdown: string, title: string): string[][] {
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const tables = [...markdown.matchAll(/^\|.*\n\|[ :|-]+\n((?:\|.*\n?)+)/gm)];
  return tables
    .filter(([table]) => cells(table.split('\n')[0] ?? '')[0] === title)
    .flatMap(([, body = '']) => body.trimEnd().split('\n').map(cells));
}

/** What stands in code in a text, each name apart: `` `a`, `b?` `` are `a` and `b?`. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** What the page's headings can be linked to by. */
export function anchors(markdown: string): string[] {
  return [...markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Where the page's links lead, web addresses left out. */
export function localLinks(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The headings of the page itself that it links to. */
export function ownAnchors(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(#([^)\s]+)\)/g)].map(([, anchor = '']) => anchor);
}

/** The npm scripts that the page tells its reader to run, in fenced blocks and in code spans. */
export function npmScripts(markdown: string): string[] {
  const scripts = [...markdown.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map(
    ([, named, short]) => named ?? short ?? '',
  );
  return [...new Set(scripts)];
}
