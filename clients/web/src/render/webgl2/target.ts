/** A framebuffer of its own to draw on, with colour and depth. */
export class Target {
  readonly framebuffer: WebGLFramebuffer;
  readonly #buffers: readonly WebGLRenderbuffer[];

  /** Of so many samples a pixel, 0 for one that can be read. Throws Error where there can be none of that size. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    readonly width: number,
    readonly height: number,
    samples: number,
  ) {
    this.framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    this.#buffers = ([[gl.RGBA8, gl.COLOR_ATTACHMENT0], [gl.DEPTH_COMPONENT24, gl.DEPTH_ATTACHMENT]] as const).map(([format, attachment]) => {
      const buffer = gl.createRenderbuffer();
      gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
      gl.renderbufferStorageMultisample(gl.RENDERBUFFER, samples, format, width, height);
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, attachment, gl.RENDERBUFFER, buffer);
      return buffer;
    });
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE && !gl.isContextLost()) {
      this.destroy();
      throw new Error(`no picture of ${width} x ${height} pixels can be drawn here`);
    }
  }

  destroy(): void {
    this.gl.deleteFramebuffer(this.framebuffer);
    for (const buffer of this.#buffers) this.gl.deleteRenderbuffer(buffer);
  }
}
