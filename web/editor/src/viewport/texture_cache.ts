import { LinearMipmapLinearFilter, LinearSRGBColorSpace, RepeatWrapping, SRGBColorSpace, Texture } from "three";
import type { AssetId } from "@theta/client";
import { checkPicture } from "../picture.js";

/** Larger pictures are drawn at this width or height; no screen shows more of them. */
const kSidePixelsMax = 4096;

/** Pictures by asset and colour space. A picture that cannot be read is left out, and said once. */
export class TextureCache {
  private readonly textures = new Map<string, Promise<Texture | null>>();
  private loading = 0;
  private disposed = false;

  constructor(
    private readonly load: (asset: AssetId) => Promise<Uint8Array>,
    private readonly onLoaded: () => void,
    private readonly onFailed: (asset: AssetId, error: unknown) => void,
    private readonly anisotropy: number,
  ) {}

  /** Calls `use` once the texture is there. Colours are sRGB, everything that is data is linear. */
  request(asset: AssetId, space: "srgb" | "linear", use: (texture: Texture) => void): void {
    const key = `${asset}/${space}`;
    let texture = this.textures.get(key);
    if (!texture) {
      texture = this.fetch(asset, space);
      this.textures.set(key, texture);
    }
    void texture.then((made) => {
      if (!made || this.disposed) return;
      use(made);
      this.onLoaded();
    });
  }

  /** How many are on their way, or wait for a connection. */
  get loadingCount(): number {
    return this.loading;
  }

  /** Frees what nothing shows any more. */
  keepOnly(used: ReadonlySet<AssetId>): void {
    for (const [key, texture] of this.textures) {
      if (used.has(key.slice(0, key.indexOf("/")))) continue;
      this.textures.delete(key);
      void texture.then((made) => made?.dispose());
    }
  }

  dispose(): void {
    this.disposed = true;
    this.keepOnly(new Set());
  }

  private async fetch(asset: AssetId, space: "srgb" | "linear"): Promise<Texture | null> {
    try {
      const picture = await decode(await this.loadBytes(asset));
      const texture = new Texture(picture);
      texture.flipY = false;
      texture.wrapS = texture.wrapT = RepeatWrapping;
      texture.minFilter = LinearMipmapLinearFilter;
      texture.anisotropy = this.anisotropy;
      texture.colorSpace = space === "srgb" ? SRGBColorSpace : LinearSRGBColorSpace;
      texture.needsUpdate = true;
      return texture;
    } catch (error) {
      this.textures.delete(`${asset}/${space}`);
      if (!this.disposed) this.onFailed(asset, error);
      return null;
    }
  }

  private async loadBytes(asset: AssetId): Promise<Uint8Array> {
    this.loading += 1;
    try {
      return await this.load(asset);
    } finally {
      this.loading -= 1;
    }
  }
}

/** Decoded off this thread, if it is not too large for that, without the conversions that browsers do for a page. */
async function decode(bytes: Uint8Array): Promise<ImageBitmap> {
  checkPicture(bytes);
  const plain = { premultiplyAlpha: "none", colorSpaceConversion: "none" } as const;
  const picture = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), plain);
  const side = Math.max(picture.width, picture.height);
  if (side <= kSidePixelsMax) return picture;
  const smaller = await createImageBitmap(picture, {
    ...plain, resizeQuality: "high",
    resizeWidth: Math.max(1, Math.round((picture.width * kSidePixelsMax) / side)),
    resizeHeight: Math.max(1, Math.round((picture.height * kSidePixelsMax) / side)),
  });
  picture.close();
  return smaller;
}
