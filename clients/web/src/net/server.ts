/** Which server the page talks to, with which token, and the clients of its services. */
import { createClient, type Client, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { signal } from "@preact/signals";
import { InfoService } from "../gen/vox/v1/info_pb";
import { JobService } from "../gen/vox/v1/jobs_pb";
import { MapService } from "../gen/vox/v1/maps_pb";
import { TrainingService } from "../gen/vox/v1/training_pb";
import { UploadService } from "../gen/vox/v1/uploads_pb";

export interface Services {
  info: Client<typeof InfoService>;
  jobs: Client<typeof JobService>;
  training: Client<typeof TrainingService>;
  maps: Client<typeof MapService>;
  uploads: Client<typeof UploadService>;
}

/**
 * The address of the server: `?server=` where the page's own address names one, else where the page
 * comes from. Without a slash at its end. Null for something that is no http or https address.
 */
export function serverAddress(page: URL): string | null {
  const named = page.searchParams.get("server");
  if (named === null || named === "") return page.origin;
  try {
    const url = new URL(named.includes("://") ? named : `http://${named}`);
    if (url.protocol !== "http:" && url.protocol !== "https:") return null;
    return url.origin + url.pathname.replace(/\/+$/, "");
  } catch {
    return null;
  }
}

/** Tokens live as long as the tab, each for one server only: a link to another server gets none. */
export class TokenBox {
  readonly token;
  readonly #key: string;

  constructor(
    private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
    address: string,
  ) {
    this.#key = `voxcore.token ${address}`;
    this.token = signal(storage.getItem(this.#key) ?? "");
  }

  set(token: string): void {
    this.token.value = token.trim();
    if (this.token.value === "") this.storage.removeItem(this.#key);
    else this.storage.setItem(this.#key, this.token.value);
  }
}

/** Clients of all services at `address`; every call carries the box's present token. */
export function connectServices(address: string, box: TokenBox): Services {
  const withToken: Interceptor = (next) => (request) => {
    const token = box.token.peek();
    if (token !== "") request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const transport = createConnectTransport({ baseUrl: address, useBinaryFormat: true, interceptors: [withToken] });
  return {
    info: createClient(InfoService, transport),
    jobs: createClient(JobService, transport),
    training: createClient(TrainingService, transport),
    maps: createClient(MapService, transport),
    uploads: createClient(UploadService, transport),
  };
}
