import { join, posix, relative } from 'node:path';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import { isFunctionLikeDeclaration, isStringLiteral } from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';
import { root } from '../workbench/paths.ts';

/** A file of the extension, as the compiler reads it. Paths are below the repository, with slashes. */
export interface Source {
  readonly path: string;
  readonly lines: number;
  /** The files that it imports, those of types and those that are loaded later included. */
  readonly imports: readonly string[];
  readonly functions: readonly { readonly name: string; readonly lines: number }[];
}

/** Reads all files of `src` and `media`. */
export function readSources(): Source[] {
  const api = new API({ cwd: root });
  try {
    const configs = ['tsconfig.json', 'media/tsconfig.json'].map((name) => join(root, name));
    const sources = new Map<string, Source>();
    for (const { program } of api.updateSnapshot({ openProjects: configs }).getProjects()) {
      for (const name of program.getSourceFileNames()) {
        const path = relative(root, name).replaceAll('\\', '/');
        const file = /^(?:src|media)\//.test(path) ? program.getSourceFile(name) : undefined;
        if (file !== undefined) {
          sources.set(path, sourceOf(path, file));
        }
      }
    }
    return [...sources.values()];
  } finally {
    api.close();
  }
}

const importing = new Set([
  SyntaxKind.ImportDeclaration,
  SyntaxKind.ExportDeclaration,
  SyntaxKind.CallExpression,
  SyntaxKind.LiteralType,
]);

function sourceOf(path: string, file: SourceFile): Source {
  const imports = new Set<string>();
  const functions: { name: string; lines: number }[] = [];
  const line = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
  const visit = (node: Node): void => {
    if (isStringLiteral(node) && /^\.\.?\/.*\.ts$/.test(node.text) && importing.has(node.parent.kind)) {
      imports.add(posix.join(posix.dirname(path), node.text));
    } else if (isFunctionLikeDeclaration(node)) {
      const from = line(node.getStart(file));
      functions.push({ name: `${path}:${from + 1}`, lines: line(node.end) - from + 1 });
    }
    node.forEachChild(visit);
  };
  visit(file);
  return { path, lines: file.text.trimEnd().split('\n').length, imports: [...imports], functions };
}
