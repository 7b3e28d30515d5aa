/** What an import may bring in at once: what the room takes as one asset, and as many files as a large glTF has. */
export const kImportBytesMax = 256 * 1024 * 1024;
export const kImportFilesMax = 4096;
const kFolderDepthMax = 32;

/** A file with its path below what was dropped or chosen, with `/` between folders. */
export interface FoundFile {
  readonly path: string;
  readonly file: File;
}

/**
 * All files of a drop, folders read through, or of a file dialog. A `DataTransfer` is empty after the event that
 * brought it, so this must be called within it.
 */
export async function collectFiles(source: DataTransfer | FileList | readonly File[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  if ("items" in source) {
    // All are asked for before the first wait.
    const items = [...source.items].filter(({ kind }) => kind === "file");
    const entries = items.map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
    for (const { entry, file } of entries) {
      if (entry) await walk(entry, "", 0, found);
      else if (file) add(found, file.name, file);
    }
  } else {
    const files: readonly File[] = [...(source as ArrayLike<File> & Iterable<File>)];
    for (const file of files) add(found, file.webkitRelativePath || file.name, file);
  }
  const bytes = found.reduce((sum, { file }) => sum + file.size, 0);
  if (bytes > kImportBytesMax)
    throw new Error(`These files have ${megabytes(bytes)}; an import takes at most ${megabytes(kImportBytesMax)}.`);
  return found;
}

async function walk(entry: FileSystemEntry, folder: string, depth: number, found: FoundFile[]): Promise<void> {
  // What systems put into folders is nobody's model.
  if (entry.name.startsWith(".")) return;
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    add(found, path, file);
    return;
  }
  if (depth >= kFolderDepthMax) throw new Error(`Folders lie more than ${kFolderDepthMax} deep in “${path}”.`);
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred entries at a time, and none when it is through.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const each of entries) await walk(each, `${path}/`, depth + 1, found);
  }
}

function add(found: FoundFile[], path: string, file: File): void {
  if (found.length >= kImportFilesMax) throw new Error(`An import takes at most ${kImportFilesMax} files.`);
  found.push({ path, file });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MB`;
}
