/**
 * What a picture says of itself, before a browser decodes it: a file of a few kilobytes may declare one that takes
 * gigabytes. The same two formats as the core's importer, and read the same way.
 */

/** Decoded these are 256 MiB. */
export const kPicturePixelsMax = 8192 * 8192;

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const kPngStart = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52];
const kPngBytesMin = 33;

/** Throws a sentence for people when these bytes are no picture that may be decoded. */
export function checkPicture(bytes: Uint8Array): void {
  const size = pictureSize(bytes);
  if (!size) throw new Error(`expected a PNG or JPEG picture, got ${bytes.length} bytes of something else`);
  if (size.width * size.height <= kPicturePixelsMax) return;
  const [most, width, height] = [kPicturePixelsMax, size.width, size.height].map((count) => count.toLocaleString("en"));
  throw new Error(`expected at most ${most} pixels, got ${width} by ${height}; make the picture smaller`);
}

/** Null when it is neither a PNG nor a JPEG, or too torn to tell. */
export function pictureSize(bytes: Uint8Array): PictureSize | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = pngSize(view) ?? jpegSize(view);
  return size && size.width > 0 && size.height > 0 ? size : null;
}

function pngSize(view: DataView): PictureSize | null {
  if (view.byteLength < kPngBytesMin || kPngStart.some((byte, at) => view.getUint8(at) !== byte)) return null;
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** SOF0 to SOF15, without DHT, JPG and DAC that lie between them (ITU-T T.81, table B.1). */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** By the first start of frame. Each turn goes on by a byte at least, so that bytes of junk end. */
function jpegSize(view: DataView): PictureSize | null {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 4 <= view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isStartOfFrame(marker)) {
      return at + 9 > view.byteLength ? null : { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    const size = view.getUint16(at + 2);
    if (size < 2) return null;
    at += 2 + size;
  }
  return null;
}
