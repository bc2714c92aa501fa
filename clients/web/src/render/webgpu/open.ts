/** Finding out whether WebGPU works, and opening it on a canvas. */
import type { GpuBackend } from "../backend";
import { WebGpuBackend } from "./backend";
import { Pipelines } from "./pipelines";

/**
 * Rejects with the reason where no adapter, no device or no drawing on a canvas is to be had; `canvas` has
 * no context then, and can still get another.
 */
export async function openWebGpu(canvas: HTMLCanvasElement, lost: (reason: string) => void): Promise<GpuBackend> {
  const device = await requestDevice();
  const pipelines = new Pipelines(device);
  await Promise.all([probe(device), pipelines.prepare(navigator.gpu.getPreferredCanvasFormat())]);
  const backend = new WebGpuBackend(device, pipelines, configured(canvas, device));
  void device.lost.then((info) => lost(info.message || info.reason));
  return backend;
}

/** Draws one pixel on a canvas of its own and reads it back; the device is destroyed where that fails. */
async function probe(device: GPUDevice): Promise<void> {
  try {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = configured(canvas, device);
    // The pixel says that drawing, copying and mapping all work; a device that lies is found out here.
    const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = device.createCommandEncoder();
    const texture = context.getCurrentTexture();
    const clear: GPURenderPassColorAttachment = { view: texture.createView(), loadOp: "clear", storeOp: "store", clearValue: [1, 1, 1, 1] };
    encoder.beginRenderPass({ colorAttachments: [clear] }).end();
    encoder.copyTextureToBuffer({ texture }, { buffer }, [1, 1]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    if (new Uint32Array(buffer.getMappedRange())[0] !== 0xffffffff) throw new Error("a test picture came back wrong");
    buffer.destroy();
    context.unconfigure();
  } catch (error) {
    device.destroy();
    throw error;
  }
}

async function requestDevice(): Promise<GPUDevice> {
  // The types say that it is always there; browsers do not.
  const gpu = navigator.gpu as GPU | undefined;
  if (!gpu) throw new Error(isSecureContext ? "this browser does not have it" : "it needs https or localhost");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("no graphics adapter was found");
  const device = await adapter.requestDevice({ label: "voxcore" });
  device.addEventListener("uncapturederror", (event) => console.error(`WebGPU: ${event.error.message}`));
  return device;
}

function configured(canvas: HTMLCanvasElement, device: GPUDevice): GPUCanvasContext {
  const context = canvas.getContext("webgpu");
  if (!context) throw new Error("the canvas gives no WebGPU context");
  const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
  context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat(), alphaMode: "premultiplied", usage });
  return context;
}
