// The rival of Theta's WebRTC endpoint: node-datachannel answers offers (a JSON line each on stdin, answers on stdout)
// and sends back whatever comes on any channel. Ends when its input does.
import readline from "node:readline";
import nodeDataChannel from "node-datachannel";

const peers = [];
for await (const line of readline.createInterface({ input: process.stdin })) {
  const peer = new nodeDataChannel.PeerConnection("rival", { iceServers: [], bindAddress: "127.0.0.1" });
  const gathered = new Promise((resolve) =>
    peer.onGatheringStateChange((state) => state === "complete" && resolve()));
  peer.onDataChannel((channel) => {
    const waiting = [];
    const drain = () => {
      while (waiting.length > 0 && channel.bufferedAmount() < 256 * 1024) channel.sendMessageBinary(waiting.shift());
    };
    channel.setBufferedAmountLowThreshold(64 * 1024);
    channel.onBufferedAmountLow(drain);
    channel.onMessage((message) => {
      waiting.push(message);
      drain();
    });
  });
  peer.setRemoteDescription(JSON.parse(line).offer, "offer");
  await gathered;
  process.stdout.write(`${JSON.stringify({ answer: peer.localDescription().sdp })}\n`);
  peers.push(peer);
}
for (const peer of peers) peer.close();
nodeDataChannel.cleanup();
process.exit(0);
