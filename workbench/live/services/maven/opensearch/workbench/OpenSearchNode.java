package workbench;

import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One node of OpenSearch: its folder, its HTTP port and its transport port are the arguments. */
public final class OpenSearchNode {
    private OpenSearchNode() {
    }

    public static void main(String[] arguments) throws Exception {
        String folder = arguments[0];
        String http = arguments[1];
        String transport = arguments[2];
        OpenSearchRunner node = new OpenSearchRunner();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception failure) {
                failure.printStackTrace();
            }
        }));
        node.onBuild((number, settings) -> {
            settings.put("network.host", "127.0.0.1");
            settings.put("http.port", http);
            settings.put("transport.port", transport);
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
            settings.put("action.auto_create_index", true);
        });
        node.build(OpenSearchRunner.newConfigs()
            .basePath(folder)
            .clusterName("workbench")
            .numOfNode(1)
            .useLogger());
        Thread.currentThread().join();
    }
}
