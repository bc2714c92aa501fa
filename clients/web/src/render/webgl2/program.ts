/** A linked pair of shaders and where its uniforms are. */
export class Program {
  readonly #program: WebGLProgram;
  readonly #places = new Map<string, WebGLUniformLocation | null>();

  #isChecked = false;

  /** Begins to compile; `use` waits for that. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    { vertex, fragment }: { readonly vertex: string; readonly fragment: string },
  ) {
    this.#program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
      const shader = gl.createShader(kind)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.#program, shader);
      // It goes with the program.
      gl.deleteShader(shader);
    }
    gl.linkProgram(this.#program);
  }

  /** Resolves once `use` need not wait, where the browser can tell. */
  async compiled(): Promise<void> {
    const { gl } = this;
    const parallel = gl.getExtension("KHR_parallel_shader_compile");
    while (parallel && !gl.isContextLost() && !gl.getProgramParameter(this.#program, parallel.COMPLETION_STATUS_KHR)) await new Promise((resolve) => setTimeout(resolve, 4));
  }

  /** Throws Error with the compiler's words. */
  use(): this {
    const { gl } = this;
    if (!this.#isChecked && !gl.getProgramParameter(this.#program, gl.LINK_STATUS) && !gl.isContextLost()) {
      const logs = gl.getAttachedShaders(this.#program)?.map((shader) => gl.getShaderInfoLog(shader));
      throw new Error(`WebGL2 shaders: ${gl.getProgramInfoLog(this.#program) ?? ""} ${logs?.join(" ") ?? ""}`);
    }
    this.#isChecked = true;
    gl.useProgram(this.#program);
    return this;
  }

  /** null for a uniform that this variant does not have: setting it does nothing then. */
  at(name: string): WebGLUniformLocation | null {
    if (!this.#places.has(name)) this.#places.set(name, this.gl.getUniformLocation(this.#program, name));
    return this.#places.get(name) ?? null;
  }

  destroy(): void {
    this.gl.deleteProgram(this.#program);
  }
}
