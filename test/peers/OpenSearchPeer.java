import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** One OpenSearch node in this process, from Maven Central's jars, with plain HTTP: java OpenSearchPeer PORT DIR. Says `ready PORT` once it answers. */
public class OpenSearchPeer extends Node {
  OpenSearchPeer(Settings settings) {
    super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "peer"), List.of(Netty4Plugin.class), false);
  }

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    Node node = new OpenSearchPeer(Settings.builder()
        .put("path.home", args[1])
        .put("cluster.name", "peers")
        .put("discovery.type", "single-node")
        .put("network.host", "127.0.0.1")
        .put("http.port", port)
        .put("transport.port", port + 1)
        .put("http.type", "netty4")
        .put("transport.type", "netty4")
        .put("action.auto_create_index", true)
        // A test machine's disk may be fuller than a store's should be.
        .put("cluster.routing.allocation.disk.threshold_enabled", false)
        .build());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        node.close();
      } catch (Exception e) {
        // It ends anyway.
      }
    }));
    node.start();
    System.out.println("ready " + port);
    Thread.currentThread().join();
  }
}
