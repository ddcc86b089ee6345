/**
 * A Galera cluster of our own: MariaDB servers on the loopback device, each of which takes writes. For tests of conflicts between nodes
 * and of reading on one node what was written on another. Takes some seconds to start.
 */
import { copyHome, dataFolder, type Home } from "./home.ts";
import { makeMysqlHome, mysqlLaunch, type MysqlOptions, type MysqlSettings } from "./mysql.ts";
import { freePort } from "./ports.ts";
import { galeraLibrary } from "./programs.ts";
import { launch, type TestServer } from "./server.ts";

export interface GaleraCluster {
  readonly nodes: readonly TestServer[];
  stop(): Promise<void>;
}

const NEW_CLUSTER = "--wsrep-new-cluster";

/** Starts the nodes one after another. */
export async function startGaleraCluster(size: number, { settings = {} }: MysqlOptions = {}): Promise<GaleraCluster> {
  const library = galeraLibrary();
  const members: { readonly port: number; readonly url: string }[] = [];
  for (let index = 0; index < size; index++) {
    const port = await freePort();
    members.push({ port, url: `127.0.0.1:${port}` });
  }
  const nodes: TestServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };

  const startNode = async (home: Home): Promise<TestServer> => {
    const index = nodes.length;
    const providerOptions = [
      `gmcast.listen_addr=tcp://${members[index]!.url}`,
      `ist.recv_addr=127.0.0.1:${await freePort()}`,
      `gcache.dir=${dataFolder(home)}`,
      "gcache.size=16M",
      // The defaults wait for members that are slow to answer, seconds for each node.
      "pc.announce_timeout=PT0.3S",
      "evs.suspect_timeout=PT3S",
      "gmcast.time_wait=PT0.5S",
      "evs.join_retrans_period=PT0.2S",
    ];
    const own: MysqlSettings = {
      "binlog-format": "ROW",
      "default-storage-engine": "InnoDB",
      "innodb-autoinc-lock-mode": 2,
      "wsrep-on": "ON",
      "wsrep-provider": library,
      "wsrep-provider-options": providerOptions.join(";"),
      "wsrep-cluster-name": "athanor",
      "wsrep-cluster-address": `gcomm://${members.map(({ url }) => url).join(",")}`,
      "wsrep-node-name": `node${index + 1}`,
      "wsrep-node-address": "127.0.0.1",
      "wsrep-sst-method": "rsync",
      "wsrep-sst-receive-address": `127.0.0.1:${await freePort()}`,
      ...settings,
    };
    const how = await mysqlLaunch(home, own);
    const node = await launch({
      ...how,
      // The first founds the cluster.
      args: index === 0 ? [...how.args, NEW_CLUSTER] : how.args,
      isReady: async (connection) => {
        const [[, ready] = []] = await connection.query("show status like 'wsrep_ready'");
        const [[, count] = []] = await connection.query("show status like 'wsrep_cluster_size'");
        return ready === "ON" && Number(count) > Math.min(index, 1);
      },
    });
    nodes.push(node);
    return node;
  };

  try {
    const home = await makeMysqlHome();
    const first = await startNode(home);
    // The others begin with copies of the first, which spares them the transfer of everything, the slow part of joining.
    await first.shutDown();
    const copies = Array.from({ length: size - 1 }, () => copyHome(home));
    await first.start();
    for (const copy of copies) await startNode(copy);
    // From now on it joins the others when it is restarted.
    first.args = first.args.filter((argument) => argument !== NEW_CLUSTER);
    return { nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
