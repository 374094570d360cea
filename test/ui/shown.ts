import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { canaries } from '../security/canaries.ts';

/** A person is asked for the password of the user whose name they have just typed: that alone shows it. */
const askedFor = [canaries.username, canaries.email].map((name) => `Password for ${name}`);

/** Notes every text and every attribute that a frame ever shows, however shortly: for `initScript`. */
export const noteShown = `
  const shown = (globalThis.everShown = new Set());
  const note = (text) => {
    if (text !== null && text.length >= 8) {
      shown.add(text);
    }
  };
  const read = (node) => {
    note(node.textContent);
    if (node.nodeType !== Node.ELEMENT_NODE) {
      return;
    }
    for (const one of [node, ...node.querySelectorAll('*')]) {
      for (const { name, value } of one.attributes) {
        if (name !== 'style' && name !== 'class' && name !== 'd') {
          note(value);
        }
      }
    }
  };
  const watch = (root) => {
    const observer = new MutationObserver((changes) => {
      for (const { type, target, addedNodes, attributeName } of changes) {
        if (type === 'attributes') {
          if (attributeName !== 'style' && attributeName !== 'class' && attributeName !== 'd') {
            note(target.getAttribute(attributeName));
          }
        } else if (type === 'characterData') {
          note(target.parentNode?.textContent ?? target.data);
        } else {
          addedNodes.forEach(read);
        }
      }
    });
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
    return root;
  };
  watch(document);
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (...options) {
    return watch(attachShadow.apply(this, options));
  };
`;

/** All that the frames of a page have shown so far, and what stands in them now. */
export async function allShown(page: Page): Promise<string> {
  const texts = await Promise.all(
    page.frames().map(async (frame) => {
      const [noted, now] = await Promise.all([
        frame.evaluate<string>(`[...(globalThis.everShown ?? [])].join('\\n')`).catch(() => ''),
        frame.content().catch(() => ''),
      ]);
      return `${noted}\n${now}`;
    }),
  );
  return askedFor.reduce((text, asked) => text.replaceAll(asked, ''), texts.join('\n'));
}

/** All that the browser keeps for VS Code: mementos, what webviews and editors are restored from, its secrets. */
export async function allStored(page: Page): Promise<string> {
  return page.evaluate<string>(`(async () => {
    const done = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const texts = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        for (const value of await done(database.transaction(store).objectStore(store).getAll())) {
          const bytes = value instanceof ArrayBuffer || ArrayBuffer.isView(value);
          texts.push(bytes ? new TextDecoder().decode(value) : typeof value === 'string' ? value : JSON.stringify(value));
        }
      }
      database.close();
    }
    return texts.join('\\n');
  })()`);
}

/** The files below a folder, without those of installed extensions: settings, logs, storage. */
export async function allFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !file.startsWith(join(folder, 'extensions'))) {
      files.set(file.slice(folder.length + 1), await readFile(file, 'utf8').catch(() => ''));
    }
  }
  return files;
}
