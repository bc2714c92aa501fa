/** Pipelines by what a picture needs; each is made once. */
import { LINE_FLOATS, FILL_FLOATS } from "../overlays";
import facesSource from "./faces.wgsl?raw";
import overlaysSource from "./overlays.wgsl?raw";

/** Reversed: 1 is near, 0 is far. */
export const DEPTH_FORMAT: GPUTextureFormat = "depth32float";

export interface FaceVariant {
  readonly ambientOcclusion: boolean;
  readonly soft: boolean;
  readonly textured: boolean;
  readonly samples: 1 | 4;
}

export type OverlayKind = "fill" | "line" | "lineBehind" | "sky";

const OVER: GPUBlendState = {
  color: { srcFactor: "one", dstFactor: "one-minus-src-alpha" },
  alpha: { srcFactor: "one", dstFactor: "one-minus-src-alpha" },
};

export class Pipelines {
  readonly frameLayout: GPUBindGroupLayout;
  readonly chunkLayout: GPUBindGroupLayout;
  readonly viewLayout: GPUBindGroupLayout;
  readonly #made = new Map<string, GPURenderPipeline>();
  readonly #faces: GPUShaderModule;
  readonly #overlays: GPUShaderModule;

  constructor(private readonly device: GPUDevice) {
    const { VERTEX, FRAGMENT } = GPUShaderStage;
    this.frameLayout = device.createBindGroupLayout({
      label: "frame",
      entries: [
        { binding: 0, visibility: VERTEX | FRAGMENT, buffer: { type: "uniform" } },
        { binding: 1, visibility: VERTEX, buffer: { type: "read-only-storage" } },
        { binding: 2, visibility: VERTEX | FRAGMENT, buffer: { type: "uniform" } },
        { binding: 3, visibility: FRAGMENT, texture: { viewDimension: "2d-array" } },
        { binding: 4, visibility: FRAGMENT, sampler: {} },
      ],
    });
    this.chunkLayout = device.createBindGroupLayout({
      label: "chunk",
      entries: [{ binding: 0, visibility: VERTEX, buffer: { type: "read-only-storage" } }],
    });
    this.viewLayout = device.createBindGroupLayout({
      label: "view",
      entries: [{ binding: 0, visibility: VERTEX | FRAGMENT, buffer: { type: "uniform" } }],
    });
    this.#faces = device.createShaderModule({ label: "faces", code: facesSource });
    this.#overlays = device.createShaderModule({ label: "overlays", code: overlaysSource });
  }

  /** Makes what the first picture needs without holding the main thread up. */
  async prepare(format: GPUTextureFormat): Promise<void> {
    const variant = { ambientOcclusion: false, soft: false, textured: false, samples: 1 } as const;
    this.#made.set(faceKey(format, variant), await this.device.createRenderPipelineAsync(this.#describeFaces(format, variant)));
  }

  faces(format: GPUTextureFormat, variant: FaceVariant): GPURenderPipeline {
    return this.#once(faceKey(format, variant), () => this.#describeFaces(format, variant));
  }

  overlay(format: GPUTextureFormat, kind: OverlayKind, samples: number): GPURenderPipeline {
    return this.#once(`${format} ${kind} ${samples}`, () => this.#describeOverlay(format, kind, samples));
  }

  #once(key: string, describe: () => GPURenderPipelineDescriptor): GPURenderPipeline {
    const found = this.#made.get(key) ?? this.device.createRenderPipeline(describe());
    this.#made.set(key, found);
    return found;
  }

  #describeFaces(format: GPUTextureFormat, { ambientOcclusion, soft, textured, samples }: FaceVariant): GPURenderPipelineDescriptor {
    const constants = { AMBIENT_OCCLUSION: Number(ambientOcclusion), SOFT: Number(soft), TEXTURED: Number(textured) };
    return {
      label: `faces ${JSON.stringify(constants)}`,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [this.frameLayout, this.chunkLayout] }),
      vertex: { module: this.#faces, entryPoint: "corner", constants: { AMBIENT_OCCLUSION: constants.AMBIENT_OCCLUSION, SOFT: constants.SOFT } },
      fragment: { module: this.#faces, entryPoint: "shade", constants, targets: [{ format }] },
      primitive: { topology: "triangle-list", cullMode: "back", frontFace: "ccw" },
      depthStencil: { format: DEPTH_FORMAT, depthWriteEnabled: true, depthCompare: "greater" },
      multisample: { count: samples },
    };
  }

  #describeOverlay(format: GPUTextureFormat, kind: OverlayKind, samples: number): GPURenderPipelineDescriptor {
    const line: GPUVertexBufferLayout = {
      arrayStride: 4 * LINE_FLOATS,
      stepMode: "instance",
      attributes: [
        { shaderLocation: 0, offset: 0, format: "float32x3" },
        { shaderLocation: 1, offset: 12, format: "float32x3" },
        { shaderLocation: 2, offset: 24, format: "float32x2" },
        { shaderLocation: 3, offset: 32, format: "float32x4" },
      ],
    };
    const fill: GPUVertexBufferLayout = {
      arrayStride: 4 * FILL_FLOATS,
      attributes: [
        { shaderLocation: 0, offset: 0, format: "float32x3" },
        { shaderLocation: 1, offset: 12, format: "float32x4" },
      ],
    };
    const isLine = kind === "line" || kind === "lineBehind";
    const entryPoint = isLine ? "line" : kind;
    const depthCompare = { fill: "greater-equal", line: "greater-equal", lineBehind: "less", sky: "always" } as const;
    const target: GPUColorTargetState = kind === "sky" ? { format } : { format, blend: OVER };
    return {
      label: kind,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [this.viewLayout] }),
      vertex: {
        module: this.#overlays,
        entryPoint,
        buffers: isLine ? [line] : kind === "fill" ? [fill] : [],
        ...(isLine ? { constants: { BEHIND: Number(kind === "lineBehind") } } : {}),
      },
      fragment: { module: this.#overlays, entryPoint: kind === "sky" ? "gradient" : "paint", targets: [target] },
      primitive: { topology: isLine ? "triangle-strip" : "triangle-list" },
      depthStencil: { format: DEPTH_FORMAT, depthWriteEnabled: false, depthCompare: depthCompare[kind] },
      multisample: { count: samples },
    };
  }
}

function faceKey(format: GPUTextureFormat, { ambientOcclusion, soft, textured, samples }: FaceVariant): string {
  return `${format} faces ${ambientOcclusion} ${soft} ${textured} ${samples}`;
}
