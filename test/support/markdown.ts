/** The text of every fenced block of this language, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code ?? '');
}

/** The section under this heading of the second level, up to the next; `''`: there is none. */
export function section(markdown: string, title: string): string {
  return markdown.split(/^(?=## )/m).find((part) => part.startsWith(`## ${title}\n`)) ?? '';
}

/** Where the page's links lead, web addresses left out. */
export function localLinks(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The npm scripts that the page tells its reader to run, in fenced blocks and in code spans. */
export function npmScripts(markdown: string): string[] {
  const scripts = [...markdown.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)].map(
    ([, named, short]) => named ?? short ?? '',
  );
  return [...new Set(scripts)];
}
